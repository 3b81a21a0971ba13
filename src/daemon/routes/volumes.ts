import {
  atLeast,
  CreateVolumeSchema,
  Filters,
  InvalidArgument,
  NotImplemented,
  Unavailable,
} from '../../api/index.ts';
import { VOLUME_FILTERS, VOLUME_PRUNE_FILTERS, type VolumeService } from '../../engine/index.ts';
import type { RequestContext } from '../server/context.ts';
import type { Router } from '../server/router.ts';
import { sendArchive } from './archive.ts';

/** The part of the engine that these routes call. */
export interface VolumesEngine {
  readonly volumes: VolumeService;
}

/** `/volumes`. */
export function volumeRoutes(router: Router, { volumes }: VolumesEngine): void {
  const name = (ctx: RequestContext) => ctx.params['name']!;

  router.get('/volumes', (ctx) => {
    ctx.send(200, { Volumes: volumes.list(ctx.filters(VOLUME_FILTERS)), Warnings: null });
  });

  router.post('/volumes/create', async (ctx) => {
    const request = await ctx.json(CreateVolumeSchema);
    if (request.ClusterVolumeSpec != null) {
      throw new NotImplemented('cluster volumes are not supported: this engine is in no cluster');
    }
    const { Name, Driver, DriverOpts, Labels } = request;
    ctx.send(201, volumes.create({ name: Name, driver: Driver, options: DriverOpts, labels: Labels }));
  });

  router.post('/volumes/prune', async (ctx) => ctx.send(200, await volumes.prune(pruneFilters(ctx))));

  // Berth's own: docs/api-extensions.md.
  router.get('/volumes/{name}/export', async (ctx) => {
    await sendArchive(ctx, 'application/x-tar', await volumes.export(name(ctx), ctx.bool('pause', true)));
  });

  router.post('/volumes/{name}/import', async (ctx) => {
    ctx.send(201, await volumes.import(name(ctx), ctx.req));
  });

  router.post('/volumes/{name}/clone', async (ctx) => {
    ctx.send(201, await volumes.clone(name(ctx), newName(ctx), ctx.bool('pause', true)));
  });

  router.post('/volumes/{name}/rename', (ctx) => {
    volumes.rename(name(ctx), newName(ctx));
    ctx.send(204);
  });

  router.get('/volumes/{name}', (ctx) => ctx.send(200, volumes.inspect(name(ctx))));

  router.put('/volumes/{name}', () => {
    throw new Unavailable(
      'this node is not a swarm manager: only cluster volumes can be updated, and this engine is in no cluster',
    );
  });

  router.delete('/volumes/{name}', async (ctx) => {
    await volumes.remove(name(ctx), ctx.bool('force'));
    ctx.send(204);
  });
}

function newName(ctx: RequestContext): string {
  const text = ctx.query.get('name') ?? '';
  if (text === '') throw new InvalidArgument('bad parameter: name: the name of the new volume must be given');
  return text;
}

/** Before API 1.42 volumes with a name of their own went too. */
function pruneFilters(ctx: RequestContext): Filters {
  const filters = ctx.filters(VOLUME_PRUNE_FILTERS);
  if (atLeast(ctx.version, 1, 42) || filters.has('all')) return filters;
  return new Filters([
    ...filters.keys().map((key) => [key, filters.values(key)] as const),
    ['all', ['true']],
  ]);
}
