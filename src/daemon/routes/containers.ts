import { atLeast, CreateContainerSchema, InvalidArgument } from '../../api/index.ts';
import {
  type ContainerService,
  LIST_FILTERS,
  PRUNE_FILTERS,
  parsePlatform,
  type WaitCondition,
} from '../../engine/index.ts';
import type { RequestContext } from '../server/context.ts';
import type { Router } from '../server/router.ts';

/** The part of the engine that these routes call. */
export interface ContainersEngine {
  readonly containers: ContainerService;
}

const WAIT_CONDITIONS = new Set(['not-running', 'next-exit', 'removed']);

/** `/containers`. */
export function containerRoutes(router: Router, { containers }: ContainersEngine): void {
  const id = (ctx: RequestContext) => ctx.params['id']!;

  router.get('/containers/json', async (ctx) => {
    ctx.send(
      200,
      await containers.list({
        all: ctx.bool('all'),
        limit: ctx.int('limit', 0),
        size: ctx.bool('size'),
        filters: ctx.filters(LIST_FILTERS),
      }),
    );
  });

  router.post('/containers/create', async (ctx) => {
    const request = await ctx.json(CreateContainerSchema);
    const platform = ctx.query.get('platform') ?? '';
    const name = ctx.query.get('name')?.replace(/^\//, '') || undefined;
    ctx.send(
      201,
      await containers.create(request, {
        name,
        platform: platform === '' ? undefined : parsePlatform(platform),
      }),
    );
  });

  router.get('/containers/{id}/json', async (ctx) => {
    const container = await containers.inspect(id(ctx), ctx.bool('size'));
    ctx.send(200, atLeast(ctx.version, 1, 52) ? withoutOldAddresses(container) : container);
  });

  router.post('/containers/{id}/start', async (ctx) => {
    if (ctx.hasBody && Number(ctx.req.headers['content-length'] ?? 1) > 2) {
      throw new InvalidArgument(
        'starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24',
      );
    }
    const name = ctx.query.get('checkpoint') ?? '';
    const folder = ctx.query.get('checkpoint-dir') ?? '';
    await containers.start(id(ctx), name === '' ? undefined : { name, folder });
    ctx.send(204);
  });

  router.post('/containers/{id}/stop', async (ctx) => {
    await containers.stop(id(ctx), stopOptions(ctx));
    ctx.send(204);
  });

  router.post('/containers/{id}/restart', async (ctx) => {
    await containers.restart(id(ctx), stopOptions(ctx));
    ctx.send(204);
  });

  router.post('/containers/{id}/kill', async (ctx) => {
    await containers.kill(id(ctx), ctx.query.get('signal') ?? '');
    ctx.send(204);
  });

  router.post('/containers/{id}/wait', async (ctx) => {
    const condition = ctx.query.get('condition') || 'not-running';
    if (!WAIT_CONDITIONS.has(condition)) throw new InvalidArgument(`invalid condition: "${condition}"`);
    const end = containers.wait(id(ctx), condition as WaitCondition);
    // Clients start the container only when they have these headers: from then on no end can be missed.
    const stream = ctx.stream('application/json');
    const gone = new Promise<void>((resolve) => ctx.signal.addEventListener('abort', () => resolve()));
    const exit = await Promise.race([end, gone]);
    if (exit === undefined) return;
    await stream.writeJson({ StatusCode: exit.exitCode });
    stream.end();
  });

  router.post('/containers/{id}/pause', async (ctx) => {
    await containers.pause(id(ctx));
    ctx.send(204);
  });

  router.post('/containers/{id}/unpause', async (ctx) => {
    await containers.unpause(id(ctx));
    ctx.send(204);
  });

  router.post('/containers/{id}/rename', (ctx) => {
    containers.rename(id(ctx), ctx.query.get('name') ?? '');
    ctx.send(204);
  });

  router.get('/containers/{id}/top', async (ctx) => {
    ctx.send(200, await containers.top(id(ctx), ctx.query.get('ps_args') ?? ''));
  });

  router.post('/containers/prune', async (ctx) => {
    ctx.send(200, await containers.prune(ctx.filters(PRUNE_FILTERS)));
  });

  router.post('/containers/{id}/resize', async (ctx) => {
    await containers.resize(id(ctx), ...windowSize(ctx));
    ctx.send(200);
  });

  router.delete('/containers/{id}', async (ctx) => {
    await containers.remove(id(ctx), {
      force: ctx.bool('force'),
      volumes: ctx.bool('v'),
      link: ctx.bool('link'),
    });
    ctx.send(204);
  });
}

/** Since API 1.52 an address stands with its network alone. */
function withoutOldAddresses(container: Record<string, unknown>): Record<string, unknown> {
  const { SandboxID, SandboxKey, Ports, Networks } = container['NetworkSettings'] as Record<string, unknown>;
  return { ...container, NetworkSettings: { SandboxID, SandboxKey, Ports, Networks } };
}

function stopOptions(ctx: RequestContext): { timeout: number | undefined; signal: string | undefined } {
  return { timeout: ctx.int('t'), signal: ctx.query.get('signal') || undefined };
}

/** The `h` and `w` of a resize. Throws InvalidArgument. */
export function windowSize(ctx: RequestContext): [rows: number, columns: number] {
  return [ctx.int('h', 0), ctx.int('w', 0)];
}
