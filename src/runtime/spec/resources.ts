import { statSync } from 'node:fs';
import { type HostConfig, InvalidArgument } from '../../api/index.ts';
import { cgroupVersion } from '../../linux/index.ts';
import type { OciDeviceRule, OciResources, OciRlimit, OciThrottleDevice } from './oci.ts';

const CPU_PERIOD = 100_000;
const NANO = 1e9;
/** setrlimit(2)'s names, as `--ulimit` spells them. */
const LIMITS = new Set(
  'as core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack'.split(
    ' ',
  ),
);
/** RLIM_INFINITY, which no JavaScript number can hold. */
const UNLIMITED = (JSON as unknown as { rawJSON(text: string): object }).rawJSON('18446744073709551615');

/** The cgroup limits that the host config asks for. `devices` are the device rules, made elsewhere. */
export function resources(host: HostConfig, devices: OciDeviceRule[]): OciResources {
  const result: OciResources = { devices };
  const memory = memoryLimits(host);
  if (Object.keys(memory).length > 0) result.memory = memory;
  const cpu = cpuLimits(host);
  if (Object.keys(cpu).length > 0) result.cpu = cpu;
  if (host.PidsLimit) result.pids = { limit: host.PidsLimit < 0 ? -1 : host.PidsLimit };
  const blockIO = blockLimits(host);
  if (Object.keys(blockIO).length > 0) result.blockIO = blockIO;
  return result;
}

function memoryLimits(host: HostConfig): NonNullable<OciResources['memory']> {
  const {
    Memory: limit,
    MemoryReservation: reservation,
    MemorySwap: swap,
    MemorySwappiness: swappiness,
  } = host;
  return {
    ...(limit && { limit }),
    ...(reservation && { reservation }),
    ...(swap && { swap }),
    ...(swappiness != null && swappiness >= 0 && { swappiness }),
    ...(host.OomKillDisable && { disableOOMKiller: true }),
  };
}

function cpuLimits(host: HostConfig): NonNullable<OciResources['cpu']> {
  const quota = host.NanoCpus ? Math.round((host.NanoCpus * CPU_PERIOD) / NANO) : host.CpuQuota;
  const period = host.NanoCpus ? CPU_PERIOD : host.CpuPeriod;
  return {
    ...(host.CpuShares && { shares: host.CpuShares }),
    ...(quota && { quota }),
    ...(period && { period }),
    ...(host.CpuRealtimeRuntime && { realtimeRuntime: host.CpuRealtimeRuntime }),
    ...(host.CpuRealtimePeriod && { realtimePeriod: host.CpuRealtimePeriod }),
    ...(host.CpusetCpus && { cpus: host.CpusetCpus }),
    ...(host.CpusetMems && { mems: host.CpusetMems }),
  };
}

function blockLimits(host: HostConfig): NonNullable<OciResources['blockIO']> {
  const weights = host.BlkioWeightDevice.map(({ Path, Weight }) => ({
    ...deviceNumber(Path),
    weight: Weight,
  }));
  const rates = (list: HostConfig['BlkioDeviceReadBps']): OciThrottleDevice[] =>
    list.map(({ Path, Rate }) => ({ ...deviceNumber(Path), rate: Rate }));
  return {
    // Under version 1 the engine sets weights itself: crun does not know BFQ's file.
    ...(cgroupVersion() === 2 && host.BlkioWeight && { weight: host.BlkioWeight }),
    ...(cgroupVersion() === 2 && weights.length > 0 && { weightDevice: weights }),
    ...(host.BlkioDeviceReadBps.length > 0 && { throttleReadBpsDevice: rates(host.BlkioDeviceReadBps) }),
    ...(host.BlkioDeviceWriteBps.length > 0 && { throttleWriteBpsDevice: rates(host.BlkioDeviceWriteBps) }),
    ...(host.BlkioDeviceReadIOps.length > 0 && { throttleReadIOPSDevice: rates(host.BlkioDeviceReadIOps) }),
    ...(host.BlkioDeviceWriteIOps.length > 0 && {
      throttleWriteIOPSDevice: rates(host.BlkioDeviceWriteIOps),
    }),
  };
}

/** The major and minor number of a device file of the host. Throws InvalidArgument when it is none. */
export function deviceNumber(path: string): { major: number; minor: number } {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isBlockDevice() && !stat?.isCharacterDevice()) {
    throw new InvalidArgument(`${path} is not a device of this machine`);
  }
  return splitDevice(stat.rdev);
}

/** makedev(3) undone. */
export function splitDevice(rdev: number): { major: number; minor: number } {
  const wide = BigInt(rdev);
  return {
    major: Number(((wide >> 8n) & 0xfffn) | ((wide >> 32n) & ~0xfffn)),
    minor: Number((wide & 0xffn) | ((wide >> 12n) & ~0xffn)),
  };
}

/** What the engine's own limits allow; see getrlimit(2). Infinity is no limit. */
export type HardLimits = ReadonlyMap<string, number>;

/**
 * The process limits that were asked for, over the engine's defaults. The engine may lack the privilege to raise a limit
 * above its own hard one: such a limit is lowered to it and `warn` is told. Throws InvalidArgument.
 */
export function rlimits(
  wanted: HostConfig['Ulimits'],
  hardLimits: HardLimits,
  warn: (message: string) => void,
): OciRlimit[] {
  return wanted.map(({ Name, Soft, Hard }) => {
    const name = Name.toLowerCase();
    if (!LIMITS.has(name)) throw new InvalidArgument(`invalid ulimit type: ${Name}`);
    const soft = Soft < 0 ? Infinity : Soft;
    const hard = Hard < 0 ? Infinity : Hard;
    if (soft > hard)
      throw new InvalidArgument(
        `ulimit soft limit must be less than or equal to hard limit: ${Soft} > ${Hard}`,
      );
    const ceiling = hardLimits.get(name) ?? Infinity;
    if (hard > ceiling)
      warn(`ulimit ${name} lowered to ${ceiling}: the engine may not go above its own hard limit`);
    const number = (limit: number) => (limit === Infinity ? UNLIMITED : limit);
    return {
      type: `RLIMIT_${name.toUpperCase()}`,
      soft: number(Math.min(soft, ceiling)),
      hard: number(Math.min(hard, ceiling)),
    };
  });
}
