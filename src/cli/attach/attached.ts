import type { Containers, HijackedStream, WaitCondition } from '../../client/index.ts';
import { endWith } from './exit.ts';
import { followSize } from './resize.ts';
import { runSession, type SessionEnd } from './session.ts';
import { forwardSignals } from './signals.ts';
import { enterRawMode, outputIsTerminal } from './terminal.ts';

export interface AttachedOptions {
  readonly id: string;
  readonly tty: boolean;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly detachKeys: string;
  readonly sigProxy: boolean;
  /** The exit to wait for: of the run that begins now, or of all there will ever be. */
  readonly condition: WaitCondition;
}

/**
 * Starts a container with our streams already connected, so that not a byte of it is lost, and ends with its exit code.
 * `start` throws what keeps it from starting.
 */
export async function startAttached(
  containers: Containers,
  options: AttachedOptions,
  start: () => Promise<void>,
): Promise<void> {
  const { id, tty } = options;
  using undo = new DisposableStack();
  const running = Promise.withResolvers<void>();
  running.promise.catch(() => {});
  if (options.sigProxy) undo.defer(forwardSignals(containers, id, running.promise));
  const hijacked = await attach(containers, options);
  const { exit } = await containers.wait(id, options.condition);
  const session = hijacked && (await beginSession(hijacked, options, undo));
  try {
    await start();
    running.resolve();
  } catch (error) {
    running.reject(error);
    hijacked?.stream.destroy();
    // What removes itself is gone when this returns, as after an ordinary end.
    if (options.condition === 'removed') await Promise.race([exit, sleep(5000)]).catch(() => {});
    throw error;
  }
  if (tty && outputIsTerminal()) undo.defer(followSize((size) => containers.resize(id, size)));
  if (session && (await session.end) === 'detached') return;
  await endWith(exit);
}

function attach(containers: Containers, options: AttachedOptions): Promise<HijackedStream> | undefined {
  const { stdin, stdout, stderr, detachKeys } = options;
  if (!stdin && !stdout && !stderr) return undefined;
  return containers.attach(options.id, { stream: true, stdin, stdout, stderr, detachKeys });
}

/** Connects the streams; the terminal is put back when `undo` runs. */
export async function beginSession(
  hijacked: HijackedStream,
  options: Pick<AttachedOptions, 'tty' | 'stdin' | 'stdout' | 'stderr' | 'detachKeys'>,
  undo: DisposableStack,
): Promise<{ end: Promise<SessionEnd> }> {
  const { tty, stdin, detachKeys } = options;
  if (tty && stdin) undo.defer(await enterRawMode());
  const end = runSession(hijacked, { tty, stdin, output: options.stdout || options.stderr, detachKeys });
  // It is awaited only once the container has started.
  end.catch(() => {});
  return { end };
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds).unref());
}
