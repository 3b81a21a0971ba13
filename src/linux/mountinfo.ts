import { readFileSync } from 'node:fs';

/** A mount, as proc_pid_mountinfo(5) tells of it. */
export interface MountInfo {
  /** Where it is mounted, as this process sees it. */
  readonly target: string;
  readonly type: string;
  /** Whether mounts made in one of its peers appear in it, and the other way round. */
  readonly shared: boolean;
  /** Whether mounts made at its master appear in it. */
  readonly slave: boolean;
}

const PATH_OCTAL = /\\([0-7]{3})/g;

/** All mounts that this process sees, in the order in which they were made. */
export function readMounts(): MountInfo[] {
  const lines = readFileSync('/proc/self/mountinfo', 'latin1').trimEnd().split('\n');
  return lines.map((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const [, , , , target = '', , ...tags] = before.split(' ');
    return {
      target: decodePath(target),
      type: after.split(' ', 1)[0]!,
      shared: tags.some((tag) => tag.startsWith('shared:')),
      slave: tags.some((tag) => tag.startsWith('master:')),
    };
  });
}

/** The mount that an absolute path without links lies in. */
export function mountOf(path: string, mounts = readMounts()): MountInfo | undefined {
  const above = mounts.filter(
    ({ target }) => target === '/' || target === path || path.startsWith(`${target}/`),
  );
  // Of two at one place, the later one covers the other.
  return above.reduce<MountInfo | undefined>(
    (best, it) => (best === undefined || it.target.length >= best.target.length ? it : best),
    undefined,
  );
}

/** Whether something is mounted at exactly this path. */
export function isMountPoint(path: string): boolean {
  return readMounts().some(({ target }) => target === path);
}

/** Blanks and the like stand as octal numbers; the bytes are UTF-8 as a rule. */
function decodePath(text: string): string {
  const bytes = text.replace(PATH_OCTAL, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
