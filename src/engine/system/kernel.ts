import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';

const CGROUPS = '/sys/fs/cgroup';

/** What the kernel can limit, and how it is set up. See cgroups(7). */
export interface KernelFeatures {
  readonly cgroupVersion: '1' | '2';
  readonly memoryLimit: boolean;
  readonly swapLimit: boolean;
  readonly kernelMemoryTcp: boolean;
  readonly memorySwappiness: boolean;
  readonly oomKillDisable: boolean;
  readonly cpuCfsPeriod: boolean;
  readonly cpuCfsQuota: boolean;
  readonly cpuShares: boolean;
  readonly cpuset: boolean;
  readonly pidsLimit: boolean;
  readonly cpuRealtime: boolean;
  readonly seccomp: boolean;
  readonly cgroupNamespaces: boolean;
}

/** Finds out what this kernel offers; cheap, so nobody keeps what may change. */
export function kernelFeatures(): KernelFeatures {
  const unified = existsSync(`${CGROUPS}/cgroup.controllers`);
  return {
    ...(unified ? unifiedControllers() : legacyControllers()),
    seccomp: existsSync('/proc/sys/kernel/seccomp/actions_avail'),
    cgroupNamespaces: existsSync('/proc/self/ns/cgroup'),
  };
}

type Controllers = Omit<KernelFeatures, 'seccomp' | 'cgroupNamespaces'>;

/** Version 2: the root lists its controllers, and has itself none of the files of limits. */
function unifiedControllers(): Controllers {
  const controllers = readFileSync(`${CGROUPS}/cgroup.controllers`, 'utf8').trim().split(' ');
  const has = (name: string) => controllers.includes(name);
  return {
    cgroupVersion: '2',
    memoryLimit: has('memory'),
    swapLimit: has('memory') && existsSync('/proc/swaps'),
    kernelMemoryTcp: false,
    memorySwappiness: false,
    oomKillDisable: false,
    cpuCfsPeriod: has('cpu'),
    cpuCfsQuota: has('cpu'),
    cpuShares: has('cpu'),
    cpuset: has('cpuset'),
    pidsLimit: has('pids'),
    // Version 2 has no say in real-time scheduling.
    cpuRealtime: false,
  };
}

/** Version 1: a hierarchy for each controller; what the kernel was built or started without has no file there. */
function legacyControllers(): Controllers {
  const has = (path: string) => existsSync(`${CGROUPS}/${path}`);
  return {
    cgroupVersion: '1',
    memoryLimit: has('memory/memory.limit_in_bytes'),
    swapLimit: has('memory/memory.memsw.limit_in_bytes'),
    kernelMemoryTcp: has('memory/memory.kmem.tcp.limit_in_bytes'),
    memorySwappiness: has('memory/memory.swappiness'),
    oomKillDisable: has('memory/memory.oom_control'),
    cpuCfsPeriod: has('cpu/cpu.cfs_period_us'),
    cpuCfsQuota: has('cpu/cpu.cfs_quota_us'),
    cpuShares: has('cpu/cpu.shares'),
    cpuset: has('cpuset/cpuset.cpus'),
    // The root of this hierarchy has no limit, hence no file for it.
    pidsLimit: has('pids/cgroup.procs'),
    cpuRealtime: has('cpu/cpu.rt_runtime_us'),
  };
}

/**
 * Whether block devices can be shared by weight: by the scheduler BFQ, or by what the kernel's io controller has of its own.
 * The root of a hierarchy has no such file, so the cgroups below it are looked at.
 */
export function hasBlockWeights(): boolean {
  const unified = existsSync(`${CGROUPS}/cgroup.controllers`);
  const files = unified ? ['io.weight', 'io.bfq.weight'] : ['blkio.weight', 'blkio.bfq.weight'];
  const root = unified ? CGROUPS : `${CGROUPS}/blkio`;
  return someCgroup(root, (folder) => files.some((file) => existsSync(`${folder}/${file}`)));
}

/** Whether single block devices can have weights of their own: under version 2 crun sets them in the kernel's own file alone. */
export function hasBlockDeviceWeights(): boolean {
  if (!existsSync(`${CGROUPS}/cgroup.controllers`)) return hasBlockWeights();
  return someCgroup(CGROUPS, (folder) => existsSync(`${folder}/io.weight`));
}

/** Whether transfers from and to block devices can be limited. */
export function hasBlockThrottle(): boolean {
  const unified = `${CGROUPS}/cgroup.controllers`;
  if (existsSync(unified)) return readFileSync(unified, 'utf8').trim().split(' ').includes('io');
  return existsSync(`${CGROUPS}/blkio/blkio.throttle.read_bps_device`);
}

/** Whether something is true of one of the cgroups below `root`; where there is none, of one that is made for it. */
function someCgroup(root: string, isTrue: (folder: string) => boolean): boolean {
  if (!existsSync(root)) return false;
  const folders = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  if (folders.length > 0) return folders.some(({ name }) => isTrue(`${root}/${name}`));
  const probe = `${root}/berth-probe-${process.pid}`;
  mkdirSync(probe);
  try {
    return isTrue(probe);
  } finally {
    rmdirSync(probe);
  }
}

/** Whether a switch under /proc/sys is on; false when this kernel has no such switch. */
export function sysctl(name: string): boolean {
  try {
    return readFileSync(`/proc/sys/${name}`, 'utf8').trim() !== '0';
  } catch {
    return false;
  }
}

/** What docker's clients warn about: limits that would have no effect. */
export function featureWarnings(features: KernelFeatures): string[] {
  const missing: [boolean, string][] = [
    [features.memoryLimit, 'No memory limit support'],
    [features.swapLimit, 'No swap limit support'],
    [features.oomKillDisable || features.cgroupVersion === '2', 'No oom kill disable support'],
    [features.cpuCfsQuota, 'No cpu cfs quota support'],
    [features.cpuCfsPeriod, 'No cpu cfs period support'],
    [features.cpuShares, 'No cpu shares support'],
    [features.cpuset, 'No cpuset support'],
    [features.pidsLimit, 'No pids limit support'],
    [sysctl('net/ipv4/ip_forward'), 'IPv4 forwarding is disabled'],
  ];
  return missing.filter(([present]) => !present).map(([, text]) => `WARNING: ${text}`);
}
