import { closeSync, openSync, unlinkSync, writeFileSync } from 'node:fs';
import { check, libc } from './libc.ts';
import { MS_BIND, mount, umountIfMounted } from './mount.ts';

const CLONE_NEWNET = 0x4000_0000;
/** The network namespace of the calling thread, which /proc/self would not give in a worker. */
const CURRENT = '/proc/thread-self/ns/net';

const unshareCall = libc.func('int unshare(int flags)');
const setnsCall = libc.func('int setns(int fd, int type)');

/**
 * Runs `body` with this thread in the network namespace that `path` names, and comes back. `body` must not await: the
 * engine's other work would run in the wrong namespace. Throws SyscallError, and what `body` throws.
 */
export function inNetns<T>(path: string, body: () => T): T {
  const home = openSync(CURRENT, 'r');
  try {
    const target = openSync(path, 'r');
    try {
      check(setnsCall(target, CLONE_NEWNET), 'setns', path);
    } finally {
      closeSync(target);
    }
    return thenReturn(home, body);
  } finally {
    closeSync(home);
  }
}

/**
 * Makes a network namespace that lives as long as the file `path` is kept, and runs `body` inside it. `home` is the
 * open namespace from which the call came, for links that reach back. `body` must not await. When anything fails, the
 * namespace and its file are gone. Throws SyscallError (EEXIST when the file is there), and what `body` throws.
 */
export function createNetns<T>(path: string, body: (home: number) => T): T {
  writeFileSync(path, '', { flag: 'wx', mode: 0o444 });
  try {
    const home = openSync(CURRENT, 'r');
    try {
      check(unshareCall(CLONE_NEWNET), 'unshare', path);
      return thenReturn(home, () => {
        mount(CURRENT, path, null, MS_BIND);
        return body(home);
      });
    } finally {
      closeSync(home);
    }
  } catch (error) {
    deleteNetns(path);
    throw error;
  }
}

/** Lets go of a namespace that `createNetns` made; it ends with its last process. A missing file is no error. */
export function deleteNetns(path: string): void {
  umountIfMounted(path);
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** Opens the network namespace that this thread is in now; the caller closes the descriptor. */
export function openCurrentNetns(): number {
  return openSync(CURRENT, 'r');
}

function thenReturn<T>(home: number, body: () => T): T {
  try {
    return body();
  } finally {
    // A thread that is left in a container's namespace would open sockets there on the engine's behalf.
    if (setnsCall(home, CLONE_NEWNET) !== 0) process.abort();
  }
}
