/** What an event is about. */
export type EventType =
  | 'builder'
  | 'config'
  | 'container'
  | 'daemon'
  | 'image'
  | 'network'
  | 'node'
  | 'plugin'
  | 'secret'
  | 'service'
  | 'volume';

/** One event of `GET /events`. `timeNano` exceeds what a double can hold, hence the bigint: see `formatEvent`. */
export interface EventMessage {
  readonly Type: EventType;
  readonly Action: string;
  readonly Actor: {
    readonly ID: string;
    readonly Attributes: Readonly<Record<string, string>>;
  };
  readonly scope: 'local' | 'swarm';
  /** Seconds since 1970. */
  readonly time: number;
  /** Nanoseconds since 1970. */
  readonly timeNano: bigint;
}

/**
 * The JSON of one event, without a newline. Clients older than API 1.52 read the top-level `status`, `id` and `from`, which
 * `legacy` adds for the container and image events that ever had them.
 */
export function formatEvent(event: EventMessage, legacy: boolean): string {
  const old = legacy && (event.Type === 'container' || event.Type === 'image');
  const text = JSON.stringify({
    ...(old ? { status: event.Action, id: event.Actor.ID, from: event.Actor.Attributes.image } : {}),
    Type: event.Type,
    Action: event.Action,
    Actor: { ID: event.Actor.ID, Attributes: event.Actor.Attributes },
    scope: event.scope,
    time: event.time,
  });
  return `${text.slice(0, -1)},"timeNano":${event.timeNano}}`;
}
