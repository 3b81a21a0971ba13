import { Conflict, type HostConfig, Internal, messageOf } from '../../api/index.ts';
import { writeCgroupFile } from '../../linux/index.ts';
import { cgroupResources, updateContainer } from '../../runtime/index.ts';
import type { EngineConfig } from '../config.ts';
import { kernelFeatures } from '../system/kernel.ts';
import { admitRealtime, setBlockWeights } from './cgroup-v1.ts';
import type { Container } from './container.ts';
import type { ContainerParts } from './parts.ts';
import { isRunning } from './record.ts';
import { withoutUnsupported } from './unsupported.ts';
import { validateHostConfig } from './validate.ts';

/** What `POST /containers/{id}/update` answers. */
export interface UpdateReport {
  readonly Warnings: string[];
}

const NUMBERS = [
  'BlkioWeight',
  'CpuShares',
  'NanoCpus',
  'CpuPeriod',
  'CpuQuota',
  'CpuRealtimePeriod',
  'CpuRealtimeRuntime',
  'Memory',
  'MemorySwap',
  'MemoryReservation',
] as const;
const TEXTS = ['CpusetCpus', 'CpusetMems'] as const;

/**
 * Changes a container's limits and its restart policy: those that the request names, zero and empty leaving the old one. On
 * disk, and in force for a running container, when it returns. Must hold the container's lock. Throws InvalidArgument,
 * Conflict, Internal; then the record is as it was.
 */
export async function update(
  parts: ContainerParts,
  container: Container,
  request: HostConfig,
): Promise<UpdateReport> {
  const { record, id } = container;
  if (container.removing) {
    throw new Conflict(
      `Cannot update container ${id}: container is marked for removal and cannot be "update"`,
    );
  }
  const { wanted, warnings } = withoutUnsupported(request, kernelFeatures());
  const hostConfig = changed(container, wanted, parts.config);
  if (isRunning(container.state)) await apply(parts, container, hostConfig);
  parts.store.setRecord(container, { ...record, hostConfig });
  parts.publish(container, 'update');
  return { Warnings: warnings };
}

/** The container's host config with the request's changes. Throws InvalidArgument, Conflict. */
function changed({ record, id }: Container, request: HostConfig, engine: EngineConfig): HostConfig {
  const before = record.hostConfig;
  const conflict = (reason: string) =>
    new Conflict(`Cannot update container ${id}: Conflicting options: ${reason}`);
  for (const [name, option] of [
    ['CPU Period', 'CpuPeriod'],
    ['CPU Quota', 'CpuQuota'],
  ] as const) {
    if (request.NanoCpus > 0 && before[option] > 0) {
      throw conflict(`Nano CPUs cannot be updated as ${name} has already been set`);
    }
    if (request[option] > 0 && before.NanoCpus > 0) {
      throw conflict(`${name} cannot be updated as NanoCPUs has already been set`);
    }
  }
  // A swap limit of -1 is none, so no memory limit can be above it.
  if (request.Memory > before.MemorySwap && request.MemorySwap === 0 && before.MemorySwap >= 0) {
    throw conflict(
      'Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time',
    );
  }
  const policy = request.RestartPolicy;
  if (before.AutoRemove && policy.Name !== '' && policy.Name !== 'no') {
    throw conflict('Restart policy cannot be updated because AutoRemove is enabled for the container');
  }
  const after: HostConfig = { ...before };
  for (const key of NUMBERS) if (request[key] !== 0) after[key] = request[key];
  for (const key of TEXTS) if (request[key] !== '') after[key] = request[key];
  if (request.PidsLimit != null) after.PidsLimit = request.PidsLimit > 0 ? request.PidsLimit : null;
  if (policy.Name !== '') after.RestartPolicy = policy;
  validateHostConfig(after, engine);
  return after;
}

/** Puts the limits into force; when the kernel takes one of them and not another, the old ones are put back. */
async function apply(parts: ContainerParts, container: Container, hostConfig: HostConfig): Promise<void> {
  const runtime = parts.runtimeOf(container);
  const set = async (host: HostConfig): Promise<void> => {
    const { devices: _, ...limits } = cgroupResources(host, []);
    admitRealtime(parts, container, host);
    await updateContainer(runtime, container.id, container.bundle, limits);
    setBlockWeights(parts, container, host);
    // crun has no word for an unlimited number of processes.
    if (host.PidsLimit == null) writeCgroupFile('pids', parts.cgroupOf(container), 'pids.max', 'max');
  };
  try {
    await set(hostConfig);
  } catch (error) {
    await set(container.record.hostConfig).catch(() => {});
    throw new Internal(`Cannot update container ${container.id}: ${messageOf(error)}`);
  }
}
