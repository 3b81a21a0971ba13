import { closeSync, constants, openSync, rmSync, unlinkSync, writeFileSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Conflict, Internal } from '../api/index.ts';
import type { Bundle } from './bundle.ts';
import type { OciRuntime } from './conmon.ts';
import { type ProcessResult, run } from './process.ts';
import { runtimeExecutable } from './sealed-program.ts';
import type { OciResources } from './spec/oci.ts';
import { startFailure } from './start-failure.ts';

/** A container's state as its OCI runtime tells it. */
export interface RuntimeState {
  readonly status: 'creating' | 'created' | 'running' | 'paused' | 'stopped';
  /** 0 when there is no process. */
  readonly pid: number;
}

/** Lets the first process of a created container run its program. Throws StartFailed. */
export async function startContainer(runtime: OciRuntime, id: string): Promise<void> {
  if (basename(runtime.path) === 'crun' && openGate(join(runtime.root, id, 'exec.fifo'))) return;
  const result = await verb(runtime, ['start', id]);
  if (result.code !== 0) throw startFailure(result.stderr);
}

/**
 * Does what `crun start` does, without the 4 ms of starting it: the container's first process waits for a byte on a FIFO,
 * whose name crun takes for the sign that it still waits. Gives false when it cannot be done, for crun to say why.
 */
function openGate(fifo: string): boolean {
  let fd: number;
  try {
    fd = openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return false;
  }
  try {
    unlinkSync(fifo);
    return writeSync(fd, Buffer.alloc(1)) === 1;
  } finally {
    closeSync(fd);
  }
}

/** Takes away what is left of a container: cgroup, state, and with `force` its processes. A missing one is no error. */
export async function deleteContainer(runtime: OciRuntime, id: string, force = true): Promise<void> {
  const result = await verb(runtime, ['delete', ...(force ? ['--force'] : []), id]);
  if (result.code !== 0 && !isMissing(result)) {
    throw new Internal(`cannot remove the runtime's part of container ${id}: ${result.stderr.trim()}`);
  }
}

/** The state of a container, or undefined when the runtime does not know it. */
export async function containerState(runtime: OciRuntime, id: string): Promise<RuntimeState | undefined> {
  const result = await verb(runtime, ['state', id]);
  if (result.code !== 0) return undefined;
  const { status, pid } = JSON.parse(result.stdout) as { status: RuntimeState['status']; pid?: number };
  return { status, pid: pid ?? 0 };
}

/** Freezes or thaws all processes of a container. Throws Conflict. */
export async function pauseContainer(
  runtime: OciRuntime,
  id: string,
  how: 'pause' | 'resume',
): Promise<void> {
  const result = await verb(runtime, [how, id]);
  if (result.code !== 0) throw new Conflict(`cannot ${how} container ${id}: ${result.stderr.trim()}`);
}

/** Gives a running container other limits; what `limits` leaves out stays as it is. Throws Internal. */
export async function updateContainer(
  runtime: OciRuntime,
  id: string,
  bundle: Bundle,
  limits: Omit<OciResources, 'devices'>,
): Promise<void> {
  const file = join(bundle.folder, 'update.json');
  writeFileSync(file, JSON.stringify(limits), { mode: 0o600 });
  try {
    const result = await verb(runtime, ['update', '--resources', file, id]);
    if (result.code !== 0) throw new Internal(result.stderr.trim());
  } finally {
    rmSync(file, { force: true });
  }
}

function verb(runtime: OciRuntime, args: readonly string[]): Promise<ProcessResult> {
  return run(runtimeExecutable(runtime.path), [...runtime.args, `--root=${runtime.root}`, ...args]);
}

function isMissing(result: ProcessResult): boolean {
  return /no such file or directory|does not exist/i.test(result.stderr);
}
