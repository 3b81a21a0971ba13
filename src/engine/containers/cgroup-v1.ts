import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { type HostConfig, Internal, messageOf } from '../../api/index.ts';
import {
  cgroupVersion,
  childCgroups,
  controllerFolder,
  readCgroupFile,
  writeCgroupFile,
} from '../../linux/index.ts';
import { deviceNumber } from '../../runtime/index.ts';
import type { Container } from './container.ts';
import type { ContainerParts } from './parts.ts';

const RUNTIME = 'cpu.rt_runtime_us';
const PERIOD = 'cpu.rt_period_us';
const DEFAULT_PERIOD = 1_000_000;

/**
 * Sees to it that the cgroups above a container's have as much real-time processor time to give as it asks for: under version
 * 1 a new cgroup has none, and none below it can have any. Throws Internal when the machine has no more.
 */
export function admitRealtime(parts: ContainerParts, container: Container, host: HostConfig): void {
  if (host.CpuRealtimeRuntime === 0 || cgroupVersion() === 2) return;
  const share = host.CpuRealtimeRuntime / (host.CpuRealtimePeriod || DEFAULT_PERIOD);
  const own = parts.cgroupOf(container);
  for (const path of ancestors(own)) {
    mkdirSync(controllerFolder('cpu', path), { recursive: true });
    const others = childCgroups('cpu', path).filter((child) => child !== own);
    const shares = others.map((child) => read(child, RUNTIME) / (read(child, PERIOD) || DEFAULT_PERIOD));
    const needed = Math.ceil(shares.reduce((sum, one) => sum + one, share) * read(path, PERIOD));
    if (needed <= read(path, RUNTIME)) continue;
    try {
      writeCgroupFile('cpu', path, RUNTIME, String(needed));
    } catch (error) {
      throw new Internal(
        `cannot set aside ${host.CpuRealtimeRuntime} us of real-time processor time: other cgroups have taken it, or the kernel gives none (kernel.sched_rt_runtime_us): ${messageOf(error)}`,
      );
    }
  }
}

/**
 * Sets a container's weights for block devices, which under version 1 crun cannot: it knows only the file of a scheduler that
 * left the kernel with version 5.0, and not that of its successor BFQ.
 */
export function setBlockWeights(parts: ContainerParts, container: Container, host: HostConfig): void {
  if (cgroupVersion() === 2) return;
  const path = parts.cgroupOf(container);
  const file =
    readCgroupFile('blkio', path, 'blkio.weight') === undefined ? 'blkio.bfq.weight' : 'blkio.weight';
  if (host.BlkioWeight !== 0) writeCgroupFile('blkio', path, file, String(host.BlkioWeight));
  for (const { Path, Weight } of host.BlkioWeightDevice) {
    const { major, minor } = deviceNumber(Path);
    try {
      writeCgroupFile('blkio', path, `${file}_device`, `${major}:${minor} ${Weight}`);
    } catch (error) {
      // The kernel takes a weight only for a device that the scheduler is in charge of.
      parts.log.warn(`block I/O weight of ${Path} discarded: ${messageOf(error)}`, {
        container: container.id,
      });
    }
  }
}

/** The cgroups above one, from below the root of the hierarchy. */
function ancestors(path: string): string[] {
  const parent = dirname(path);
  return parent === '/' ? [] : [...ancestors(parent), parent];
}

function read(path: string, file: string): number {
  return Number(readCgroupFile('cpu', path, file) ?? 0);
}
