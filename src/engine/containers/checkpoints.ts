import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import {
  type BerthError,
  Conflict,
  Internal,
  InvalidArgument,
  messageOf,
  NotFound,
  NotImplemented,
} from '../../api/index.ts';
import { checkpointContainer, requireCheckpoints } from '../../runtime/index.ts';
import type { Container } from './container.ts';
import type { ContainerParts } from './parts.ts';
import { isRunning } from './record.ts';

/** Which checkpoint of a container. */
export interface CheckpointName {
  readonly name: string;
  /** A folder of the user's own, in which the checkpoints are; empty for the container's. */
  readonly folder: string;
}

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/**
 * Writes a running container's processes down, so that it can be started where it was. With `exit` it ends by that. Throws
 * Conflict, InvalidArgument, NotImplemented, Internal; then nothing is left and the container runs on.
 */
export async function createCheckpoint(
  parts: ContainerParts,
  container: Container,
  { name, folder, exit }: CheckpointName & { readonly exit: boolean },
): Promise<void> {
  requireExperimental(parts);
  const ended = container.nextExit;
  await container.lock.run(async () => {
    const { id, record, state, bundle } = container;
    if (!isRunning(state)) throw new Conflict(`Container ${id} is not running`);
    if (record.config.Tty) throw new InvalidArgument('checkpoint not supported on containers with tty');
    validateName(name);
    const path = join(folderOf(container, folder), name);
    if (isFolder(path))
      throw refused(container, `checkpoint with name ${name} already exists for container ${container.name}`);
    const runtime = parts.runtimeOf(container);
    const before = { stoppedByUser: state.stoppedByUser, restartsCancelled: state.restartsCancelled };
    try {
      await requireCheckpoints(runtime);
      mkdirSync(path, { recursive: true, mode: 0o700 });
      // Its end is what the user wants: no policy starts it again.
      if (exit) parts.store.setState(container, { stoppedByUser: true, restartsCancelled: true });
      await checkpointContainer(runtime, id, { images: path, work: bundle.folder, leaveRunning: !exit });
    } catch (error) {
      rmSync(path, { recursive: true, force: true });
      if (exit && isRunning(container.state)) parts.store.setState(container, before);
      const text = `Cannot checkpoint container ${container.name}: ${messageOf(error)}`;
      throw error instanceof NotImplemented ? new NotImplemented(text) : new Internal(text);
    }
  });
  if (exit) await ended;
  parts.publish(container, 'checkpoint');
}

/** The checkpoints of a container, by name. Throws NotImplemented, InvalidArgument. */
export function listCheckpoints(
  parts: ContainerParts,
  container: Container,
  folder: string,
): Array<{ readonly Name: string }> {
  requireExperimental(parts);
  const path = folderOf(container, folder);
  if (!isFolder(path)) return [];
  const names = readdirSync(path).filter((name) => isFolder(join(path, name)));
  return names.sort().map((name) => ({ Name: name }));
}

/** Throws NotImplemented, NotFound, InvalidArgument. */
export function removeCheckpoint(parts: ContainerParts, container: Container, asked: CheckpointName): void {
  requireExperimental(parts);
  rmSync(existingCheckpoint(container, asked), { recursive: true });
}

/** The folder of a checkpoint to start a container from. Throws InvalidArgument, NotFound, NotImplemented, Internal. */
export async function checkpointToRestore(
  parts: ContainerParts,
  container: Container,
  asked: CheckpointName,
): Promise<string> {
  if (!parts.config.experimental) {
    throw new InvalidArgument(
      'checkpoint is only supported in experimental mode: start the engine with --experimental',
    );
  }
  const path = existingCheckpoint(container, asked);
  await requireCheckpoints(parts.runtimeOf(container));
  return path;
}

function existingCheckpoint(container: Container, { name, folder }: CheckpointName): string {
  validateName(name);
  const path = join(folderOf(container, folder), name);
  if (!isFolder(path)) {
    throw new NotFound(`checkpoint ${name} does not exist for container ${container.name}`);
  }
  return path;
}

function refused({ name }: Container, reason: string): BerthError {
  return new Conflict(`cannot checkpoint container ${name}: ${reason}`);
}

function folderOf({ files }: Container, asked: string): string {
  if (asked !== '' && !isAbsolute(asked)) {
    throw new InvalidArgument(
      `the checkpoint directory ${asked} is not an absolute path of the engine's machine`,
    );
  }
  return asked || files.checkpoints;
}

function validateName(name: string): void {
  if (NAME.test(name)) return;
  throw new InvalidArgument(`Invalid checkpoint ID (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function requireExperimental({ config }: ContainerParts): void {
  if (config.experimental) return;
  throw new NotImplemented(
    'This experimental feature is disabled by default. Start the Docker daemon in experimental mode in order to enable it: berthd --experimental',
  );
}
