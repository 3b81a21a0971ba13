import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { close, sealedFile } from '../linux/index.ts';

interface SealedProgram {
  /** Which version of the program it is a copy of. */
  readonly version: string;
  readonly fd: number;
}

const copies = new Map<string, SealedProgram>();

/**
 * The path by which to start an OCI runtime while this process lives. A container must not get to overwrite the runtime
 * through /proc/self/exe (CVE-2019-5736), so crun mounts its own file read-only at each start, and starts once more from
 * there: half of its time. From a sealed copy in memory, which it takes for as safe, it goes ahead at once.
 */
export function runtimeExecutable(path: string): string {
  if (basename(path) !== 'crun') return path;
  try {
    return `/proc/${process.pid}/fd/${copyOf(path).fd}`;
  } catch {
    // A kernel that starts nothing from memory (vm.memfd_noexec), or a program that is gone, of which crun's own start tells.
    return path;
  }
}

/** A program that was replaced meanwhile is copied anew. */
function copyOf(path: string): SealedProgram {
  const { ino, size, mtimeMs } = statSync(path);
  const version = `${ino} ${size} ${mtimeMs}`;
  const known = copies.get(path);
  if (known?.version === version) return known;
  const copy = { version, fd: sealedFile(basename(path), readFileSync(path)) };
  copies.set(path, copy);
  if (known !== undefined) close(known.fd);
  return copy;
}
