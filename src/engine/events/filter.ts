import type { EventMessage, Filters } from '../../api/index.ts';

/** Filters that name the object of an event, by its ID, its name or the beginning of either. */
const OBJECTS = [
  'container',
  'daemon',
  'network',
  'volume',
  'plugin',
  'node',
  'service',
  'secret',
  'config',
] as const;

/** Actions that carry their details after a colon, and that a filter may name without them. */
const DETAILED = ['health_status', 'exec_create', 'exec_start'];

/** Whether an event passes the filters of `GET /events`. */
export function passes(event: EventMessage, filters: Filters): boolean {
  if (filters.size === 0) return true;
  return (
    filters.exact('type', event.Type) &&
    filters.exact('scope', event.scope) &&
    matchesAction(event, filters) &&
    OBJECTS.every((kind) => matchesObject(event, kind, filters)) &&
    matchesImage(event, filters) &&
    filters.labels(event.Actor.Attributes)
  );
}

function matchesAction(event: EventMessage, filters: Filters): boolean {
  if (filters.exact('event', event.Action)) return true;
  const [action] = event.Action.split(':', 1);
  return DETAILED.includes(action!) && filters.exact('event', action!);
}

function matchesObject(event: EventMessage, kind: string, filters: Filters): boolean {
  if (!filters.has(kind)) return true;
  return filters.prefix(kind, event.Actor.ID) || filters.prefix(kind, event.Actor.Attributes.name ?? '');
}

/** Events of images and of containers made from them; the filter may leave out the tag. */
function matchesImage(event: EventMessage, filters: Filters): boolean {
  if (!filters.has('image')) return true;
  const name = event.Actor.Attributes[event.Type === 'image' ? 'name' : 'image'] ?? '';
  return [event.Actor.ID, name].some(
    (text) => filters.exact('image', text) || filters.exact('image', withoutTag(text)),
  );
}

function withoutTag(reference: string): string {
  const at = reference.indexOf('@');
  const name = at < 0 ? reference : reference.slice(0, at);
  const colon = name.lastIndexOf(':');
  return colon > name.lastIndexOf('/') ? name.slice(0, colon) : name;
}
