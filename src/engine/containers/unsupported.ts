import type { HostConfig } from '../../api/index.ts';
import {
  hasBlockDeviceWeights,
  hasBlockThrottle,
  hasBlockWeights,
  type KernelFeatures,
} from '../system/kernel.ts';

/** A host config that this machine can keep, and what Docker says about the rest of it. */
export interface Supported {
  readonly wanted: HostConfig;
  readonly warnings: string[];
}

const NOT_MOUNTED = 'or the cgroup is not mounted.';

/**
 * The host config without the limits that this kernel has no means for, and Docker's warnings about them: a container that
 * cannot be limited runs without the limit.
 */
export function withoutUnsupported(request: HostConfig, kernel: KernelFeatures): Supported {
  const wanted = { ...request };
  const warnings: string[] = [];
  const discard = (supported: () => boolean, none: Partial<HostConfig>, text: string): void => {
    const keys = Object.keys(none) as Array<keyof HostConfig>;
    if (keys.every((key) => isUnset(wanted[key])) || supported()) return;
    Object.assign(wanted, none);
    warnings.push(`Your kernel does not support ${text}`);
  };
  discard(
    () => kernel.memoryLimit,
    { Memory: 0, MemorySwap: 0 },
    `memory limit capabilities ${NOT_MOUNTED} Limitation discarded.`,
  );
  discard(
    () => kernel.memoryLimit,
    { MemoryReservation: 0 },
    `memory soft limit capabilities ${NOT_MOUNTED} Limitation discarded.`,
  );
  discard(
    () => kernel.swapLimit,
    { MemorySwap: 0 },
    `swap limit capabilities ${NOT_MOUNTED} Memory limited without swap.`,
  );
  discard(
    () => kernel.memorySwappiness,
    { MemorySwappiness: null },
    `memory swappiness capabilities ${NOT_MOUNTED} Memory swappiness discarded.`,
  );
  discard(
    () => kernel.oomKillDisable || wanted.OomKillDisable === false,
    { OomKillDisable: null },
    'OomKillDisable. OomKillDisable discarded.',
  );
  discard(
    () => kernel.pidsLimit,
    { PidsLimit: null },
    `PIDs limit capabilities ${NOT_MOUNTED} PIDs limit discarded.`,
  );
  discard(() => kernel.cpuShares, { CpuShares: 0 }, `CPU shares ${NOT_MOUNTED} Shares discarded.`);
  discard(
    () => kernel.cpuCfsPeriod && kernel.cpuCfsQuota,
    { CpuPeriod: 0, CpuQuota: 0, NanoCpus: 0 },
    'CPU CFS scheduler. CPU period/quota discarded.',
  );
  discard(() => kernel.cpuset, { CpusetCpus: '', CpusetMems: '' }, `cpuset ${NOT_MOUNTED} Cpuset discarded.`);
  discard(hasBlockWeights, { BlkioWeight: 0 }, `Block I/O weight ${NOT_MOUNTED} Weight discarded.`);
  discard(
    hasBlockDeviceWeights,
    { BlkioWeightDevice: [] },
    `Block I/O weight_device ${NOT_MOUNTED} Weight-device discarded.`,
  );
  for (const [key, what] of [
    ['BlkioDeviceReadBps', 'BPS Block I/O read'],
    ['BlkioDeviceWriteBps', 'BPS Block I/O write'],
    ['BlkioDeviceReadIOps', 'IOPS Block read'],
    ['BlkioDeviceWriteIOps', 'IOPS Block write'],
  ] as const) {
    const discarded = what.replace(/^(\w+) Block (I\/O )?/, 'Block I/O $1 ');
    discard(hasBlockThrottle, { [key]: [] }, `${what} limit ${NOT_MOUNTED} ${discarded} limit discarded.`);
  }
  if (wanted.OomKillDisable && wanted.Memory === 0) {
    warnings.push(
      'OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.',
    );
  }
  return { wanted, warnings };
}

/** Nothing, zero and empty all leave a limit out. */
function isUnset(value: unknown): boolean {
  return (
    value == null ||
    value === 0 ||
    value === '' ||
    value === -1 ||
    (Array.isArray(value) && value.length === 0)
  );
}
