import { pipeline } from 'node:stream/promises';
import * as v from 'valibot';
import { atLeast, type ImageSummary, InvalidArgument, NotImplemented } from '../../api/index.ts';
import {
  formatPlatform,
  type ImageService,
  nameFrom,
  type OciPlatform,
  parsePlatform,
} from '../../engine/index.ts';
import type { RequestContext } from '../server/context.ts';
import type { Router } from '../server/router.ts';
import { pullImage, pushImage } from './registry.ts';

/** The part of the engine that these routes call. */
export interface ImagesEngine {
  readonly images: ImageService;
}

/** `/images`. */
export function imageRoutes(router: Router, { images }: ImagesEngine): void {
  router.get('/images/json', (ctx) => {
    const list = images.list({
      filters: ctx.filters(),
      all: ctx.bool('all'),
      sharedSize: ctx.bool('shared-size'),
    });
    ctx.send(
      200,
      list.map((summary) => oldFields(ctx, summary)),
    );
  });

  router.get('/images/{name}/json', (ctx) => {
    const image = images.inspect(ctx.params['name']!, platformOf(ctx));
    ctx.send(200, atLeast(ctx.version, 1, 44) ? image : { ...image, VirtualSize: image.Size });
  });

  router.get('/images/{name}/history', (ctx) =>
    ctx.send(200, images.history(ctx.params['name']!, platformOf(ctx))),
  );

  router.get('/images/get', (ctx) => save(ctx, images, ctx.query.getAll('names')));
  router.get('/images/{name}/get', (ctx) => save(ctx, images, [ctx.params['name']!]));

  router.post('/images/{name}/push', (ctx) => pushImage(ctx, images, platformOf(ctx)));

  router.post('/images/{name}/tag', (ctx) => {
    images.tag(ctx.params['name']!, ctx.query.get('repo') ?? '', ctx.query.get('tag') ?? '');
    ctx.send(201);
  });

  router.delete('/images/{name}', async (ctx) => {
    const items = await images.remove(ctx.params['name']!, {
      force: ctx.bool('force'),
      noPrune: ctx.bool('noprune'),
      platforms: ctx.query.getAll('platforms').filter(Boolean).map(readPlatform),
    });
    ctx.send(200, items);
  });

  router.get('/images/{name}/attestations', (ctx) => {
    images.inspect(ctx.params['name']!);
    throw new NotImplemented('this engine keeps no attestations: ask the registry that the image is from');
  });

  router.post('/images/prune', async (ctx) => ctx.send(200, await images.prune(ctx.filters())));

  router.post('/images/load', (ctx) => load(ctx, images));
  router.post('/images/create', (ctx) => create(ctx, images));
}

/** What clients of old versions look for. */
function oldFields(ctx: RequestContext, summary: ImageSummary): object {
  if (atLeast(ctx.version, 1, 51)) return summary;
  const uncounted = { ...summary, Containers: -1 };
  if (atLeast(ctx.version, 1, 44)) return uncounted;
  const old = { ...uncounted, VirtualSize: summary.Size };
  if (atLeast(ctx.version, 1, 43) || summary.RepoTags.length > 0) return old;
  const digests = summary.RepoDigests.length > 0 ? summary.RepoDigests : ['<none>@<none>'];
  return { ...old, RepoTags: ['<none>:<none>'], RepoDigests: digests };
}

async function save(ctx: RequestContext, images: ImageService, names: readonly string[]): Promise<void> {
  if (names.length === 0) throw new InvalidArgument('no image to save: names must be given');
  await using saved = await images.save(names, platformsOf(ctx));
  await pipeline(saved.content, ctx.stream('application/x-tar').writable);
}

/** Errors of the archive come in-band: clients read lines from the start. */
async function load(ctx: RequestContext, images: ImageService): Promise<void> {
  const platform = platformOf(ctx);
  const quiet = ctx.bool('quiet');
  const lines = ctx.progress();
  lines.start();
  await images.load(ctx.req, {
    platform,
    progress: (line) => {
      if (!quiet || line.stream !== undefined) void lines.write(line);
    },
  });
}

async function create(ctx: RequestContext, images: ImageService): Promise<void> {
  const { query } = ctx;
  const source = query.get('fromSrc') ?? '';
  if (query.get('fromImage')) return pullImage(ctx, images, platformOf(ctx));
  if (source === '')
    throw new InvalidArgument('nothing to make an image from: fromImage or fromSrc must be given');
  if (source !== '-') {
    throw new InvalidArgument(
      `cannot import from ${source}: download the archive and import it from standard input ("-")`,
    );
  }
  const repository = query.get('repo') ?? '';
  const id = await images.import(ctx.req, {
    reference: repository === '' ? undefined : nameFrom(repository, query.get('tag') ?? ''),
    message: query.get('message') ?? '',
    changes: query.getAll('changes'),
    platform: platformOf(ctx),
  });
  await ctx.progress().write({ status: id });
}

const platformSchema = v.looseObject({
  os: v.nullish(v.string(), ''),
  architecture: v.nullish(v.string(), ''),
  variant: v.nullish(v.string()),
});

/** The `platform` parameter: `linux/amd64`, or an object in JSON from newer clients. */
function platformOf({ query }: RequestContext): OciPlatform | undefined {
  const text = query.get('platform') ?? '';
  return text === '' ? undefined : readPlatform(text);
}

/** The same where it may come several times. */
function platformsOf({ query }: RequestContext): OciPlatform[] {
  return query.getAll('platform').filter(Boolean).map(readPlatform);
}

function readPlatform(text: string): OciPlatform {
  if (!text.startsWith('{')) return parsePlatform(text);
  const result = v.safeParse(v.pipe(v.string(), v.parseJson(), platformSchema), text);
  if (!result.success) throw new InvalidArgument(`invalid platform ${text}`);
  return parsePlatform(formatPlatform(result.output));
}
