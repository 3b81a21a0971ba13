import { readFileSync, statfsSync } from 'node:fs';

/** Name and version of the distribution, from os-release(5). */
export function distribution(): { name: string; version: string } {
  const fields = new Map<string, string>();
  for (const line of readOsRelease().split('\n')) {
    const match = /^([A-Z_]+)=(["']?)(.*)\2$/.exec(line.trim());
    if (match) fields.set(match[1]!, match[3]!);
  }
  return { name: fields.get('PRETTY_NAME') ?? 'Linux', version: fields.get('VERSION_ID') ?? '' };
}

function readOsRelease(): string {
  for (const path of ['/etc/os-release', '/usr/lib/os-release']) {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      // The other one is as good.
    }
  }
  return '';
}

/** Names of file systems by the magic number that statfs(2) gives, as docker has them. */
const FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0xef53, 'extfs'],
  [0x58465342, 'xfs'],
  [0x9123683e, 'btrfs'],
  [0x01021994, 'tmpfs'],
  [0x794c7630, 'overlayfs'],
  [0x2fc12fc1, 'zfs'],
  [0xf2f52010, 'f2fs'],
  [0x6969, 'nfs'],
]);

/** The kind of file system that a path lies on. */
export function fileSystem(path: string): string {
  return FILE_SYSTEMS.get(statfsSync(path).type) ?? '<unknown>';
}

/** A proxy from the environment, its password hidden. */
export function proxy(name: string): string {
  const value = process.env[name.toUpperCase()] ?? process.env[name.toLowerCase()] ?? '';
  return value.replace(/^([a-z0-9]+:\/\/)[^@/]*@/i, '$1xxxxx:xxxxx@');
}
