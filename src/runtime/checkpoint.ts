import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Internal, NotImplemented } from '../api/index.ts';
import type { OciRuntime } from './conmon.ts';
import { run } from './process.ts';
import { programPath } from './programs.ts';

/** Where a checkpoint goes. */
export interface CheckpointOptions {
  /** An empty folder for the images of the processes. */
  readonly images: string;
  /** A folder for CRIU's own log. */
  readonly work: string;
  /** The container goes on; otherwise its processes are killed once they are written down. */
  readonly leaveRunning: boolean;
}

const REASONS = 3;

/**
 * Whether a runtime can write containers down and take them up again. Throws Internal (no CRIU) and NotImplemented, which say
 * what to do.
 */
export async function requireCheckpoints(runtime: OciRuntime): Promise<void> {
  // Only crun says of itself whether it can.
  if (basename(runtime.path) === 'crun') {
    const { stdout } = await run(runtime.path, ['--version']);
    if (!stdout.includes('+CRIU')) {
      throw new NotImplemented(
        'the runtime crun was built without CRIU: make the container with --runtime runc',
      );
    }
  }
  programPath('criu');
}

/** Writes a running container's processes down with CRIU. Throws Internal with CRIU's reasons. */
export async function checkpointContainer(
  runtime: OciRuntime,
  id: string,
  { images, work, leaveRunning }: CheckpointOptions,
): Promise<void> {
  const result = await run(runtime.path, [
    ...[...runtime.args, `--root=${runtime.root}`, 'checkpoint', '--file-locks'],
    ...['--image-path', images, '--work-path', work, ...(leaveRunning ? ['--leave-running'] : [])],
    id,
  ]);
  if (result.code !== 0) throw new Internal(`${result.stderr.trim()}${criuReasons(join(work, 'dump.log'))}`);
}

/** The errors of CRIU's log, of which the runtime tells only where it is. */
export function criuReasons(log: string): string {
  let text: string;
  try {
    text = readFileSync(log, 'utf8');
  } catch {
    return '';
  }
  const errors = text.split('\n').filter((line) => line.includes('Error ('));
  return errors.length === 0 ? '' : `: ${errors.slice(0, REASONS).join('; ')}`;
}
