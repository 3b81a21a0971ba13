import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { atLeast } from '../../api/index.ts';
import type { CreateRequest } from '../../client/index.ts';
import { Containers, EngineError } from '../../client/index.ts';
import type { Cli } from '../cli.ts';
import { CliError } from '../errors.ts';
import { complain } from '../output.ts';
import { pullImage } from '../pull.ts';
import { parseReference } from '../reference.ts';
import type { ContainerValues } from './flags.ts';

/** Creates the container, pulling its image first when that is wanted. Returns its ID. Throws CliError or EngineError. */
export async function createContainer(
  cli: Cli,
  request: CreateRequest,
  values: ContainerValues,
): Promise<string> {
  const { cidfile, pull, quiet } = values;
  if (!['always', 'missing', 'never'].includes(pull)) {
    throw new CliError(`invalid pull option: '${pull}': must be one of "always", "missing" or "never"`, 125);
  }
  const reference = parseReference(request.Image);
  const platform = values.platform || undefined;
  using file = CidFile.open(cidfile);
  const client = await cli.client();
  const containers = new Containers(client);
  // Engines have not known it since.
  if (atLeast(await client.version(), 1, 42)) delete request.HostConfig.KernelMemory;
  const create = () => containers.create(request, { name: values.name, platform });
  const fetchImage = () => pullImage(cli, reference, { platform, quiet });

  if (pull === 'always' && reference.named) await fetchImage();
  let response: Awaited<ReturnType<typeof create>>;
  try {
    response = await create();
  } catch (error) {
    if (pull !== 'missing' || !reference.named || !isMissingImage(error)) throw error;
    if (!quiet) complain(`Unable to find image '${reference.familiar}' locally`);
    await fetchImage();
    response = await create();
  }
  for (const warning of response.Warnings ?? []) complain(`WARNING: ${warning}`);
  file.write(response.Id);
  return response.Id;
}

function isMissingImage(error: unknown): boolean {
  return error instanceof EngineError && error.status === 404;
}

/** The file of `--cidfile`: claimed before the container exists, taken back when it never does. */
class CidFile {
  readonly #path: string;
  readonly #fd: number | undefined;
  #written = false;

  constructor(path: string, fd: number | undefined) {
    this.#path = path;
    this.#fd = fd;
  }

  static open(path: string): CidFile {
    if (path === '') return new CidFile(path, undefined);
    try {
      return new CidFile(path, openSync(path, 'wx', 0o644));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
        throw new CliError(`failed to create the container ID file: ${(error as Error).message}`, 1, {
          cause: error,
        });
      }
      throw new CliError(
        `container ID file found, make sure the other container isn't running or delete ${path}`,
      );
    }
  }

  write(id: string): void {
    if (this.#fd === undefined) return;
    writeSync(this.#fd, id);
    this.#written = true;
  }

  [Symbol.dispose](): void {
    if (this.#fd === undefined) return;
    closeSync(this.#fd);
    if (!this.#written) rmSync(this.#path, { force: true });
  }
}
