import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { MS_NODEV, MS_NOEXEC, MS_NOSUID, mount } from './mount.ts';

const ROOT = '/sys/fs/cgroup';
const CGROUP2_SUPER_MAGIC = 0x63677270;

export type CgroupVersion = 1 | 2;

let version: CgroupVersion | undefined;

/** Which cgroup interface the machine has. A machine with v1 hierarchies counts as v1, whatever else is mounted. */
export function cgroupVersion(): CgroupVersion {
  version ??= statfsSync(ROOT).type === CGROUP2_SUPER_MAGIC ? 2 : 1;
  return version;
}

/**
 * On a v1 machine, mounts each controller that is still with the leftover v2 hierarchy as a hierarchy of its own: crun
 * refuses machines that split their controllers between the two. Gives the names of the controllers that it mounted.
 */
export function mountLeftoverControllers(): string[] {
  const unified = join(ROOT, 'unified', 'cgroup.controllers');
  if (cgroupVersion() === 2 || !existsSync(unified)) return [];
  const left = readFileSync(unified, 'utf8').split(/\s+/).filter(Boolean);
  for (const controller of left) {
    const folder = join(ROOT, controller);
    mkdirSync(folder, { recursive: true });
    mount('cgroup', folder, 'cgroup', MS_NOSUID | MS_NODEV | MS_NOEXEC, controller);
  }
  return left;
}

/** The folders of a cgroup, one for each hierarchy that has it; one in all on v2. `path` is from the hierarchies' root. */
export function cgroupFolders(path: string): string[] {
  const roots = cgroupVersion() === 2 ? [ROOT] : readdirSync(ROOT).map((name) => join(ROOT, name));
  return roots.map((root) => join(root, path)).filter((folder) => existsSync(folder));
}

/** The folder in which a controller's files of a cgroup are: the v2 folder, or that of the v1 hierarchy. */
export function controllerFolder(controller: string, path: string): string {
  return cgroupVersion() === 2 ? join(ROOT, path) : join(ROOT, controller, path);
}

/** One of a cgroup's files, trimmed; undefined when the cgroup or the file is not there. */
export function readCgroupFile(controller: string, path: string, file: string): string | undefined {
  try {
    return readFileSync(join(controllerFolder(controller, path), file), 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** A `key value` line of a flat-keyed cgroup file as a number. */
export function readCgroupKey(
  controller: string,
  path: string,
  file: string,
  key: string,
): number | undefined {
  const line = readCgroupFile(controller, path, file)
    ?.split('\n')
    .find((text) => text.startsWith(`${key} `));
  return line === undefined ? undefined : Number(line.slice(key.length + 1));
}

/** How many processes of the cgroup the kernel has killed for lack of memory. */
export function oomKills(path: string): number {
  const file = cgroupVersion() === 2 ? 'memory.events' : 'memory.oom_control';
  return readCgroupKey('memory', path, file, 'oom_kill') ?? 0;
}

/** Whether the processes of a cgroup are frozen, or about to be. */
export function isFrozen(path: string): boolean {
  if (cgroupVersion() === 2) return readCgroupFile('freezer', path, 'cgroup.freeze') === '1';
  return ['FROZEN', 'FREEZING'].includes(readCgroupFile('freezer', path, 'freezer.state') ?? '');
}

/** The processes in a cgroup and below it. */
export function cgroupProcesses(path: string): number[] {
  const folder = controllerFolder('pids', path);
  if (!existsSync(folder)) return [];
  const below = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const own = (readCgroupFile('pids', path, 'cgroup.procs') ?? '').split('\n').filter(Boolean).map(Number);
  return [...own, ...below.flatMap((entry) => cgroupProcesses(join(path, entry.name)))];
}

/** Removes a cgroup and those below it from every hierarchy. Those that still have processes stay; gives whether all went. */
export function removeCgroup(path: string): boolean {
  return cgroupFolders(path)
    .map(removeFolder)
    .every((removed) => removed);
}

function removeFolder(folder: string): boolean {
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory()) removeFolder(join(folder, entry.name));
    }
    rmdirSync(folder);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === 'ENOENT';
  }
}

/** The cgroups directly below one, in a controller's hierarchy; none when it is not there. */
export function childCgroups(controller: string, path: string): string[] {
  const folder = controllerFolder(controller, path);
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(path, name));
}

/** Writes one of a cgroup's files. Throws the error of writing it. */
export function writeCgroupFile(controller: string, path: string, file: string, value: string): void {
  writeFileSync(join(controllerFolder(controller, path), file), value);
}
