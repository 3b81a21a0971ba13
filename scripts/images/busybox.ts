import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TarInput } from '../../src/layers/index.ts';

/** Where Debian's package has it. */
const BUSYBOX = '/bin/busybox';

const FOLDERS: readonly [name: string, mode?: number, owner?: number][] = [
  ['bin'],
  ['dev'],
  ['etc'],
  ['home', 0o755, 65534],
  ['root', 0o700],
  ['tmp', 0o1777],
  ['usr'],
  ['usr/bin'],
  ['usr/sbin'],
  ['var'],
  ['var/spool'],
  ['var/spool/mail', 0o755, 8],
  ['var/www', 0o755, 33],
];

/** The one static program that is everything in the busybox image. Throws Error when it is not installed. */
export function busyboxProgram(): Buffer {
  if (!existsSync(BUSYBOX)) {
    throw new Error(
      `${BUSYBOX} is missing: install Debian's package busybox-static, or your system's static busybox`,
    );
  }
  return readFileSync(BUSYBOX);
}

/** The files of the busybox image: the program under all its names, and what `source` has in `rootfs`. */
export function busyboxFiles(source: string): TarInput[] {
  const applets = execFileSync(BUSYBOX, ['--list'], { encoding: 'utf8' }).trim().split('\n').sort();
  const etc = join(source, 'rootfs/etc');
  return [
    ...FOLDERS.map(
      ([name, mode = 0o755, owner = 0]): TarInput => ({
        entry: { name, type: 'directory', mode, uid: owner, gid: owner },
      }),
    ),
    { entry: { name: 'bin/busybox', mode: 0o755 }, body: busyboxProgram() },
    ...applets
      .filter((applet) => applet !== 'busybox')
      .map(
        (applet): TarInput => ({
          entry: { name: `bin/${applet}`, type: 'link', linkName: 'bin/busybox', mode: 0o755 },
        }),
      ),
    // Scripts everywhere begin with #!/usr/bin/env.
    { entry: { name: 'usr/bin/env', type: 'symlink', linkName: '../../bin/env' } },
    ...readdirSync(etc)
      .sort()
      .map(
        (name): TarInput => ({
          entry: { name: `etc/${name}`, mode: name === 'shadow' ? 0o600 : 0o644 },
          body: readFileSync(join(etc, name)),
        }),
      ),
  ];
}
