import { availableParallelism } from 'node:os';
import { type ContainerConfig, type HostConfig, InvalidArgument, NotImplemented } from '../../api/index.ts';
import { resolveCapabilities } from '../../runtime/index.ts';
import type { EngineConfig } from '../config.ts';
import { kernelFeatures } from '../system/kernel.ts';
import { validateCpuset } from './cpuset.ts';
import { validateHealthOnFailure } from './health-action.ts';
import { validateHealthcheck } from './health-config.ts';
import { validateRestartPolicy } from './restart-policy.ts';
import { parseSignal } from './signals.ts';

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;
const HOSTNAME_MAX = 64;
const MIN_MEMORY = 6 * 1024 * 1024;
const NANO = 1e9;

/** Throws InvalidArgument for what cannot be the name of a container. */
export function validateName(name: string): void {
  if (!NAME.test(name)) {
    throw new InvalidArgument(`Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
  }
}

/** Throws InvalidArgument for a config that no container can have. */
export function validateConfig(config: ContainerConfig): void {
  if ((config.Entrypoint?.length ?? 0) + (config.Cmd?.length ?? 0) === 0)
    throw new InvalidArgument('no command specified');
  if (config.WorkingDir !== '' && !config.WorkingDir.startsWith('/')) {
    throw new InvalidArgument(
      `the working directory '${config.WorkingDir}' is invalid, it needs to be an absolute path`,
    );
  }
  if (Buffer.byteLength(config.Hostname) > HOSTNAME_MAX) {
    throw new InvalidArgument(`invalid hostname: ${config.Hostname} is longer than ${HOSTNAME_MAX} bytes`);
  }
  for (const entry of config.Env) {
    if (entry === '' || entry.startsWith('='))
      throw new InvalidArgument(`invalid environment variable: ${entry}`);
    if (entry.includes('\0')) throw new InvalidArgument('invalid environment variable: it holds a null byte');
  }
  validateHealthcheck(config.Healthcheck);
  if (config.StopSignal !== '') parseSignal(config.StopSignal);
  if ((config.StopTimeout ?? 0) < -1)
    throw new InvalidArgument(`invalid stop timeout: ${config.StopTimeout}`);
}

/** Throws InvalidArgument for a host config that contradicts itself or the machine. */
export function validateHostConfig(host: HostConfig, config: EngineConfig): void {
  validateLimits(host);
  validateCpuset(host);
  validateModes(host);
  resolveCapabilities({ privileged: host.Privileged, add: host.CapAdd, drop: host.CapDrop });
  validateRestartPolicy(host.RestartPolicy, host.AutoRemove);
  validateHealthOnFailure(host);
  if (host.Runtime !== '' && config.runtimes[host.Runtime] === undefined) {
    throw new InvalidArgument(`unknown or invalid runtime name: ${host.Runtime}`);
  }
  if (host.Isolation !== '' && host.Isolation !== 'default') {
    throw new InvalidArgument(`Invalid isolation: "${host.Isolation}" - linux only supports 'default'`);
  }
  if (host.OomScoreAdj < -1000 || host.OomScoreAdj > 1000) {
    throw new InvalidArgument(`Invalid value ${host.OomScoreAdj}, range for oom score adj is [-1000, 1000]`);
  }
  for (const path of Object.keys(host.Tmpfs)) {
    if (!path.startsWith('/'))
      throw new InvalidArgument(`invalid tmpfs mount: ${path} is not an absolute path`);
  }
}

function validateLimits(host: HostConfig): void {
  const { Memory, MemorySwap, MemoryReservation } = host;
  if (Memory !== 0 && Memory < MIN_MEMORY) throw new InvalidArgument('Minimum memory limit allowed is 6MB');
  if (MemorySwap > 0 && Memory === 0) {
    throw new InvalidArgument(
      'You should always set the Memory limit when using Memoryswap limit, see usage',
    );
  }
  if (Memory > 0 && MemorySwap > 0 && MemorySwap < Memory) {
    throw new InvalidArgument('Minimum memoryswap limit should be larger than memory limit, see usage');
  }
  if (Memory > 0 && MemoryReservation > Memory) {
    throw new InvalidArgument(
      'Minimum memory limit can not be less than memory reservation limit, see usage',
    );
  }
  const swappiness = host.MemorySwappiness ?? -1;
  if (swappiness < -1 || swappiness > 100) {
    throw new InvalidArgument(`Invalid value: ${swappiness}, valid memory swappiness range is 0-100`);
  }
  const cpus = availableParallelism();
  if (host.NanoCpus < 0 || host.NanoCpus > cpus * NANO) {
    throw new InvalidArgument(
      `Range of CPUs is from 0.01 to ${cpus}.00, as there are only ${cpus} CPUs available`,
    );
  }
  for (const [name, value] of [
    ['Period', host.CpuPeriod],
    ['Quota', host.CpuQuota],
  ] as const) {
    if (host.NanoCpus > 0 && value !== 0)
      throw new InvalidArgument(`Conflicting options: Nano CPUs and CPU ${name} cannot both be set`);
  }
  if (host.CpuPeriod !== 0 && (host.CpuPeriod < 1000 || host.CpuPeriod > 1_000_000)) {
    throw new InvalidArgument(
      'CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)',
    );
  }
  if (host.CpuQuota > 0 && host.CpuQuota < 1000) {
    throw new InvalidArgument('CPU cfs quota can not be less than 1ms (i.e. 1000)');
  }
  validateRealtime(host);
  if (host.ShmSize < 0) throw new InvalidArgument('SHM size can not be less than 0');
  if (host.BlkioWeight !== 0 && (host.BlkioWeight < 10 || host.BlkioWeight > 1000)) {
    throw new InvalidArgument('Range of blkio weight is from 10 to 1000');
  }
}

function validateRealtime({ CpuRealtimePeriod: period, CpuRealtimeRuntime: runtime }: HostConfig): void {
  if (period === 0 && runtime === 0) return;
  if (!kernelFeatures().cpuRealtime) {
    throw new InvalidArgument(
      'kernel does not support CPU real-time scheduler: leave out the --cpu-rt options',
    );
  }
  if (period !== 0 && runtime > period) {
    throw new InvalidArgument('cpu real-time runtime cannot be higher than cpu real-time period');
  }
}

function validateModes(host: HostConfig): void {
  const modes: ReadonlyArray<readonly [name: string, value: string, allowed: readonly string[]]> = [
    ['PID', host.PidMode, ['', 'private', 'host', 'container']],
    ['IPC', host.IpcMode, ['', 'none', 'private', 'shareable', 'host', 'container']],
    ['UTS', host.UTSMode, ['', 'private', 'host']],
    ['user namespace', host.UsernsMode, ['', 'host']],
    ['cgroup namespace', host.CgroupnsMode, ['', 'private', 'host']],
  ];
  for (const [name, value, allowed] of modes) {
    const kind = value.split(':', 1)[0]!;
    const shared = kind === 'container';
    if (!allowed.includes(kind) || (shared && value === 'container:')) {
      throw new InvalidArgument(`invalid ${name} mode: ${value}`);
    }
  }
}

/** Refuses what this engine cannot do, so that nobody relies on it. Throws NotImplemented, which names the option. */
export function refuseUnsupported(host: HostConfig): void {
  if (Object.keys(host.StorageOpt).length === 0) return;
  throw new NotImplemented(
    'limiting the size of a root file system (--storage-opt) is not supported: give a tmpfs or a volume a size instead',
  );
}
