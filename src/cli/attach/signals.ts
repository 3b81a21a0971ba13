import type { Containers } from '../../client/index.ts';
import { complain } from '../output.ts';

/** Signals that are passed on. The rest either concern only this process (SIGCHLD, SIGPIPE) or cannot be caught. */
const FORWARDED: readonly NodeJS.Signals[] = [
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGTERM',
  'SIGUSR1',
  'SIGUSR2',
  'SIGALRM',
  'SIGCONT',
  'SIGTSTP',
  'SIGWINCH',
];

/** So many times one may ask to end before the container has even started; then this program does. */
const PATIENCE = 3;

/**
 * Passes the signals that this process gets on to a container, from the moment when it is `running`; those that come
 * earlier wait. Returns the way to stop that.
 */
export function forwardSignals(containers: Containers, id: string, running: Promise<unknown>): () => void {
  let started = false;
  let impatience = 0;
  running.then(
    () => {
      started = true;
    },
    () => {},
  );
  const forward = (signal: NodeJS.Signals): void => {
    if (!started && (signal === 'SIGINT' || signal === 'SIGTERM') && ++impatience === PATIENCE) {
      complain(`got ${PATIENCE} SIGTERM/SIGINTs, forcefully exiting`);
      process.exit(1);
    }
    // The container may have ended, or never begun: its exit is what counts.
    void running.then(() => containers.kill(id, signal.slice('SIG'.length))).catch(() => {});
  };
  for (const signal of FORWARDED) process.on(signal, forward);
  return () => {
    for (const signal of FORWARDED) process.off(signal, forward);
  };
}
