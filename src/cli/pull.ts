import { authHeader, Images } from '../client/index.ts';
import type { Cli } from './cli.ts';
import { showProgress } from './progress.ts';
import type { ImageReference } from './reference.ts';
import { authFor } from './registry/auth-for.ts';

export interface PullOptions {
  readonly platform?: string | undefined;
  readonly quiet: boolean;
  readonly allTags?: boolean;
  /** Where progress is shown; standard error unless told. */
  readonly fd?: 1 | 2;
}

/** Has the engine pull an image and shows its progress. Throws EngineError or CliError. */
export async function pullImage(cli: Cli, reference: ImageReference, options: PullOptions): Promise<void> {
  const { canonical, digest, tag } = reference;
  const { platform, quiet, allTags = false, fd = 2 } = options;
  const query = { fromImage: canonical, tag: allTags ? undefined : digest || tag, platform };
  const headers = authHeader(await authFor(cli, reference));
  const images = new Images(await cli.client());
  await showProgress(images.create(query, undefined, headers), quiet ? undefined : fd);
}
