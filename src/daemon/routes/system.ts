import { atLeast, type EventMessage, formatEvent, InvalidArgument, parseTimestamp } from '../../api/index.ts';
import {
  DISK_USAGE_TYPES,
  type DiskUsage,
  type DiskUsageType,
  type EngineConfig,
  type EventBus,
  type System,
  summariseUsage,
} from '../../engine/index.ts';
import type { RequestContext } from '../server/context.ts';
import type { Router } from '../server/router.ts';

/** The part of the engine that these routes call. */
export interface SystemEngine {
  readonly config: EngineConfig;
  readonly events: EventBus;
  readonly system: System;
}

/** `/_ping`, `/version`, `/info`, `/system/df` and `/events`. */
export function systemRoutes(router: Router, engine: SystemEngine): void {
  const ping = (ctx: RequestContext) => {
    ctx.res.setHeader('Cache-Control', 'no-cache, no-store, must-revalidate');
    ctx.res.setHeader('Pragma', 'no-cache');
    ctx.res.setHeader('Builder-Version', '2');
    ctx.res.setHeader('Docker-Experimental', String(engine.config.experimental));
    ctx.res.setHeader('Swarm', 'inactive');
    ctx.sendText(200, ctx.req.method === 'HEAD' ? '' : 'OK');
  };
  router.get('/_ping', ping);
  router.head('/_ping', ping);

  router.get('/version', async (ctx) => ctx.send(200, await engine.system.version()));

  router.get('/info', async (ctx) => {
    const { BridgeNfIptables, BridgeNfIp6tables, ...info } = await engine.system.info();
    const bridges = atLeast(ctx.version, 1, 50) ? {} : { BridgeNfIptables, BridgeNfIp6tables };
    ctx.send(200, { ...info, ...bridges });
  });

  router.get('/system/df', async (ctx) => {
    const usage = await engine.system.diskUsage(usageTypes(ctx));
    const old = atLeast(ctx.version, 1, 44) ? usage : withVirtualSize(usage);
    ctx.send(200, {
      ...(atLeast(ctx.version, 1, 52) ? summariseUsage(usage, ctx.bool('verbose')) : {}),
      // 1.52 has both shapes, newer versions the new one alone.
      ...(atLeast(ctx.version, 1, 53) ? {} : old),
      ...(atLeast(ctx.version, 1, 42) ? {} : { BuilderSize: 0 }),
    });
  });

  // Nothing is kept of builds, so that there is nothing to remove.
  router.post('/build/prune', (ctx) => ctx.send(200, { CachesDeleted: [], SpaceReclaimed: 0 }));

  router.get('/events', (ctx) => streamEvents(ctx, engine.events));
}

/** The `type` parameter, which may come several times; without it everything is meant. */
function usageTypes({ query }: RequestContext): ReadonlySet<DiskUsageType> {
  const asked = query.getAll('type');
  const wrong = asked.find((type) => !DISK_USAGE_TYPES.some((known) => known === type));
  if (wrong !== undefined) throw new InvalidArgument(`unknown object type: ${wrong}`);
  return new Set(asked.length > 0 ? (asked as DiskUsageType[]) : DISK_USAGE_TYPES);
}

function withVirtualSize(usage: DiskUsage): object {
  const images = usage.Images?.map((image) => ({ ...image, VirtualSize: image.Size }));
  return images === undefined ? usage : { ...usage, Images: images };
}

async function streamEvents(ctx: RequestContext, events: EventBus): Promise<void> {
  const since = parseTimestamp(ctx.query.get('since'));
  const until = parseTimestamp(ctx.query.get('until'));
  if (since !== undefined && until !== undefined && until < since) {
    throw new InvalidArgument(
      `since time (${since / 1_000_000_000n}) cannot be after until time (${until / 1_000_000_000n})`,
    );
  }
  const filters = ctx.filters();
  const { contentType, prefix } = lineFormat(ctx);
  const legacy = !atLeast(ctx.version, 1, 52);
  await using subscription = events.subscribe({ since, until, filters, signal: ctx.signal });
  const stream = ctx.stream(contentType);
  for await (const event of subscription) {
    if (isKnownTo(ctx, event)) await stream.write(`${prefix}${formatEvent(event, legacy)}\n`);
  }
}

/** Since API 1.52 the client may choose how the objects are told apart. */
function lineFormat(ctx: RequestContext): { contentType: string; prefix: string } {
  if (!atLeast(ctx.version, 1, 52)) return { contentType: 'application/json', prefix: '' };
  const accept = ctx.req.headers.accept ?? '';
  if (accept.includes('application/json-seq')) return { contentType: 'application/json-seq', prefix: '\x1e' };
  if (accept.includes('application/x-ndjson')) return { contentType: 'application/x-ndjson', prefix: '' };
  return { contentType: 'application/jsonl', prefix: '' };
}

function isKnownTo(ctx: RequestContext, event: EventMessage): boolean {
  return event.Type !== 'image' || event.Action !== 'create' || atLeast(ctx.version, 1, 46);
}
