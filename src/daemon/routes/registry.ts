import * as v from 'valibot';
import { type ImageProgress, InvalidArgument, parseReference } from '../../api/index.ts';
import {
  type Credentials,
  credentialsFrom,
  decodeCredentials,
  type ImageService,
  type PullOptions,
  type RegistryService,
} from '../../engine/index.ts';
import type { RequestContext } from '../server/context.ts';
import type { Router } from '../server/router.ts';
import type { ProgressStream } from '../server/stream.ts';

/** The part of the engine that these routes call. */
export interface RegistriesEngine {
  readonly registries: RegistryService;
}

/** What asks registries and touches no image: `/auth`, `/images/search`, `/distribution`. */
export function registryRoutes(router: Router, { registries }: RegistriesEngine): void {
  router.post('/auth', async (ctx) => {
    const credentials = credentialsFrom(await ctx.json(v.unknown()));
    if (credentials === undefined) throw new InvalidArgument('these are no credentials');
    const { identityToken } = await registries.login(credentials, ctx.signal);
    ctx.send(200, { Status: 'Login Succeeded', IdentityToken: identityToken });
  });

  router.get('/images/search', async (ctx) => {
    const credentials = credentialsOf(ctx);
    const { signal } = ctx;
    const options = { credentials, signal, limit: ctx.int('limit') };
    ctx.send(200, await registries.search(ctx.query.get('term') ?? '', ctx.filters(), options));
  });

  router.get('/distribution/{name}/json', async (ctx) => {
    const reference = parseReference(ctx.params['name']!);
    const { signal } = ctx;
    ctx.send(200, await registries.inspect(reference, { credentials: credentialsOf(ctx), signal }));
  });
}

/** `POST /images/create?fromImage=`. Without a tag, in the name or beside it, all tags are meant: it is clients that mean `latest`. */
export async function pullImage(
  ctx: RequestContext,
  images: ImageService,
  platform: PullOptions['platform'],
): Promise<void> {
  const name = ctx.query.get('fromImage') ?? '';
  const tag = ctx.query.get('tag') ?? '';
  const reference = parseReference(tag === '' ? name : name + (tag.includes(':') ? `@${tag}` : `:${tag}`));
  const { signal } = ctx;
  await images.pull(reference, {
    allTags: reference.tag === undefined && reference.digest === undefined,
    platform,
    credentials: credentialsOf(ctx),
    signal,
    progress: unhurried(ctx.progress()),
  });
}

/** `POST /images/{name}/push`. Without a tag, all tags of the repository are meant. */
export async function pushImage(
  ctx: RequestContext,
  images: ImageService,
  platform: PullOptions['platform'],
): Promise<void> {
  const tag = ctx.query.get('tag') ?? '';
  const reference = parseReference(ctx.params['name']! + (tag === '' ? '' : `:${tag}`));
  if (reference.digest !== undefined) throw new InvalidArgument('cannot push a digest reference');
  const { signal } = ctx;
  await images.push(reference, {
    platform,
    credentials: credentialsOf(ctx),
    signal,
    progress: unhurried(ctx.progress()),
  });
}

/** Passes progress on; a client that does not keep up misses some of the figures, and no line that says something new. */
function unhurried(lines: ProgressStream): (line: ImageProgress) => void {
  let busy = false;
  return (line) => {
    const isFigure = line.progressDetail?.current !== undefined;
    if (busy && isFigure) return;
    busy = true;
    void lines.write(line).then(() => {
      busy = false;
    });
  };
}

function credentialsOf({ req }: RequestContext): Credentials {
  const header = req.headers['x-registry-auth'];
  return decodeCredentials(Array.isArray(header) ? header[0] : header);
}
