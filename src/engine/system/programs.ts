import { execFile } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What a helper program says about itself. */
export interface ProgramVersion {
  readonly version: string;
  readonly commit: string;
}

const UNKNOWN: ProgramVersion = { version: 'N/A', commit: '' };
const known = new Map<string, Promise<ProgramVersion>>();

/** Asks a program for `--version`, once for each path. A program that is missing or says nothing of use is `N/A`. */
export function programVersion(path: string): Promise<ProgramVersion> {
  const asked = known.get(path) ?? ask(path);
  known.set(path, asked);
  return asked;
}

function ask(path: string): Promise<ProgramVersion> {
  return new Promise((resolve) => {
    execFile(path, ['--version'], { timeout: 5000 }, (error, stdout) => {
      const version = /version\s+v?(\S+)/i.exec(stdout ?? '')?.[1];
      if (error || version === undefined) {
        // It may be installed later.
        known.delete(path);
        resolve(UNKNOWN);
        return;
      }
      const commit = /commit:\s*(\S+)/i.exec(stdout)?.[1] ?? '';
      resolve({ version, commit: commit === 'unknown' ? '' : commit });
    });
  });
}

/** Commit and time of the engine's own build; of a checkout, what is checked out and when the package last changed. */
export function ownBuild(): { commit: string; time: string } {
  const root = dirname(dirname(dirname(import.meta.dirname)));
  try {
    return {
      commit: checkedOut(join(root, '.git')),
      time: statSync(join(root, 'package.json')).mtime.toISOString(),
    };
  } catch {
    return { commit: '', time: '' };
  }
}

function checkedOut(git: string): string {
  try {
    const head = readFileSync(join(git, 'HEAD'), 'utf8').trim();
    const reference = /^ref: (.+)$/.exec(head)?.[1];
    const commit = reference ? readFileSync(join(git, reference), 'utf8').trim() : head;
    return commit.slice(0, 7);
  } catch {
    return '';
  }
}
