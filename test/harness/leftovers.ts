import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, readdirSync, readFileSync, readlinkSync, rmdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { umountIfMounted } from '../../src/linux/index.ts';
import type { Identity } from './identity.ts';

/** A container that an engine has at the moment. */
export interface LiveContainer {
  readonly id: string;
  /** Whether it has processes; one without has nothing but a folder. */
  readonly running: boolean;
  /** Where its published ports lead to. */
  readonly addresses?: readonly string[];
}

/**
 * What an engine with no other containers, and no other bridges besides its default one, than these may not have on the machine, one line each. Gives what is on its way
 * out, such as a conmon that has just reported its container's end, two seconds to go.
 */
export async function leftovers(
  identity: Identity,
  enginePid?: number,
  containers: readonly LiveContainer[] = [],
  bridges: readonly string[] = [],
): Promise<string[]> {
  for (const end = Date.now() + 2_000; ; await sleep(20)) {
    const found = look(identity, enginePid, containers, bridges);
    if (found.length === 0 || Date.now() > end) return found;
  }
}

/** Something on the machine. */
interface Find {
  readonly line: string;
  /** Holds the ID of the container that it belongs to. */
  readonly trace: string;
}

function look(
  identity: Identity,
  enginePid: number | undefined,
  containers: readonly LiveContainer[],
  bridges: readonly string[],
): string[] {
  const named = (kind: string) => (name: string) => ({ line: `${kind} ${name}`, trace: name });
  const found: Find[] = [
    ...processes(identity, enginePid).map((it) => ({
      line: `process ${it.pid}: ${it.command}`,
      trace: `${it.command} ${it.cgroup}`,
    })),
    ...mounts(identity).map(named('mount')),
    ...interfaces(identity).map((name) => ({ line: `interface ${name}`, trace: `${name} ${aliasOf(name)}` })),
    ...cgroups(identity).map(named('cgroup')),
    ...rules(identity).map(named('nft')),
    ...folders(identity).map(named('folder')),
  ];
  return found
    .filter(({ trace }) => !containers.some((container) => belongs(trace, container)))
    .filter(({ trace }) => !bridges.some((bridge) => trace.split(/[" ]/).includes(bridge)))
    .map(({ line }) => line);
}

function belongs(trace: string, { id, running, addresses = [] }: LiveContainer): boolean {
  if (!running) return trace.endsWith(`/containers/${id}`);
  return trace.includes(id) || addresses.some((address) => trace.includes(`"${address}"`));
}

/** Takes away what an engine leaves on purpose when it stops, its bridge, nft table and parent cgroup, and all else. */
export function sweep(identity: Identity): void {
  for (const { pid } of processes(identity, undefined)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended.
    }
  }
  for (const name of interfaces(identity)) quietly('ip', 'link', 'delete', name);
  quietly('ip', 'link', 'delete', identity.bridge);
  for (const { family, name } of tables(identity)) quietly('nft', 'delete', 'table', family, name);
  for (const path of mounts(identity).reverse()) umountIfMounted(path);
  for (const path of [...cgroups(identity), ...parents(identity)]) {
    try {
      rmdirSync(path);
    } catch {
      // A process that was just killed is still in it, or it is gone.
    }
  }
  rmSync(identity.root, { recursive: true, force: true, maxRetries: 3 });
}

/** Processes in the engine's cgroups, and processes that name its folders: conmon, the runtime, helpers. */
function processes(
  { root, cgroupParent }: Identity,
  enginePid: number | undefined,
): { pid: number; command: string; cgroup: string }[] {
  const found = [];
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid || pid === enginePid) continue;
    const command = read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
    const cgroup = read(`/proc/${pid}/cgroup`);
    const contained = cgroup.includes(`${cgroupParent}/`) && !isSomebodysZombie(pid, enginePid);
    const own = ['conmon', 'crun', 'runc', 'nft', 'ip'].includes(programOf(pid));
    if (contained || (own && command.includes(root))) found.push({ pid, command, cgroup });
  }
  return found;
}

/** The engine starts crun from a copy in memory. */
function programOf(pid: number): string {
  return basename(link(`/proc/${pid}/exe`)).replace(/^memfd:(.*) \(deleted\)$/, '$1');
}

/** Whether a process has ended and it is for init, and not for the engine, to take note of it. */
function isSomebodysZombie(pid: number, enginePid: number | undefined): boolean {
  const [state, parent] = read(`/proc/${pid}/stat`)
    .replace(/^.*\) /s, '')
    .split(' ');
  return state === 'Z' && Number(parent) !== enginePid;
}

function mounts({ root }: Identity): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((path) => path.startsWith(`${root}/`) || path.includes(suffixOf(root)));
}

/** Ports of the engine's bridge, and links whose alias says that they are this engine's, but for the bridge itself. */
function interfaces({ root, bridge }: Identity): string[] {
  const owner = `berth-${suffixOf(root)}`;
  return readdirSync('/sys/class/net').filter((name) => {
    const alias = aliasOf(name);
    const master = basename(link(`/sys/class/net/${name}/master`));
    return name !== bridge && (master === bridge || alias === owner || alias.startsWith(`${owner}/`));
  });
}

function aliasOf(name: string): string {
  return read(`/sys/class/net/${name}/ifalias`).trim();
}

/** Cgroups under the engine's parent, the deepest first. v1 has the parent once in each hierarchy. */
function cgroups(identity: Identity): string[] {
  return parents(identity).flatMap((parent) =>
    globSync('**/', { cwd: parent })
      .filter((path) => path !== '.' && path !== '')
      .map((path) => join(parent, path))
      .sort((a, b) => b.length - a.length),
  );
}

function parents({ cgroupParent }: Identity): string[] {
  const hierarchies = readdirSync('/sys/fs/cgroup').map((name) => join('/sys/fs/cgroup', name));
  return ['/sys/fs/cgroup', ...hierarchies].map((path) => join(path, cgroupParent)).filter(existsSync);
}

/** Elements of sets and maps. The table itself, and its elements for the default bridge, may stay. */
function rules(identity: Identity): string[] {
  return tables(identity).flatMap(({ family, name }) => {
    const listed = JSON.parse(quietly('nft', '-j', 'list', 'table', family, name) || '{"nftables":[]}') as {
      nftables: Record<string, { name?: string; elem?: unknown[] }>[];
    };
    return listed.nftables.flatMap((object) => {
      const holder = object['map'] ?? object['set'];
      const elements = (holder?.elem ?? []).map((it) => JSON.stringify(it));
      return elements
        .filter((it) => !it.includes(identity.bridge))
        .map((it) => `${name} ${holder?.name} ${it}`);
    });
  });
}

function tables({ root }: Identity): { family: string; name: string }[] {
  return quietly('nft', 'list', 'tables')
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, , name]) => name?.includes(suffixOf(root)))
    .map(([, family = '', name = '']) => ({ family, name }));
}

/** What one container has on disk, from its record's folder to its bundle, and unfinished work. */
function folders({ dataRoot, execRoot }: Identity): string[] {
  const patterns = [
    ...['containers/*', 'exits/*', 'tmp/container-*', 'tmp/*/*'].map((name) => join(dataRoot, name)),
    ...['bundles/*', 'netns/*', 'runtime/*/*'].map((name) => join(execRoot, name)),
  ];
  return globSync(patterns);
}

/** The suffix of an engine's names for the whole machine; see `EngineIdentity` in src/engine/config.ts. */
function suffixOf(root: string): string {
  return createHash('sha256').update(join(root, 'run')).digest('hex').slice(0, 8);
}

function quietly(program: string, ...args: string[]): string {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return '';
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
