import { existsSync } from 'node:fs';
import { cgroupVersion, controllerFolder, readCgroupFile } from './cgroup.ts';

/** Bytes or operations of one kind on one block device. */
export interface IoCount {
  readonly major: number;
  readonly minor: number;
  /** The kernel's word on v1 (`Read`, `Write`, `Sync`, `Total` ...), `read` or `write` on v2. */
  readonly op: string;
  readonly value: number;
}

/** What a cgroup has used since it was made. Times are nanoseconds, sizes bytes; a limit of undefined is none. */
export interface CgroupStats {
  readonly cpu: {
    readonly total: number;
    readonly user: number;
    readonly kernel: number;
    /** Of each processor; v1 only. */
    readonly perCpu?: readonly number[];
    readonly periods: number;
    readonly throttledPeriods: number;
    readonly throttledTime: number;
  };
  readonly memory: {
    readonly usage: number;
    /** The most that was ever used, and how often the limit was hit; v1 only. */
    readonly peak?: number;
    readonly failures?: number;
    readonly limit: number | undefined;
    /** The kernel's `memory.stat`. */
    readonly stats: Readonly<Record<string, number>>;
  };
  readonly io: {
    readonly bytes: readonly IoCount[];
    /** v1 only. */
    readonly operations?: readonly IoCount[];
  };
  readonly pids: { readonly current: number; readonly limit: number | undefined };
}

const MICRO = 1000;

/** Reads what a cgroup uses, `path` from the root of the hierarchies; undefined when it is not there. */
export function cgroupStats(path: string): CgroupStats | undefined {
  if (!existsSync(controllerFolder('memory', path))) return undefined;
  const pids = {
    current: counter('pids', path, 'pids.current'),
    limit: limit('pids', path, 'pids.max'),
  };
  return cgroupVersion() === 2
    ? { cpu: cpuOfV2(path), memory: memoryOfV2(path), io: ioOfV2(path), pids }
    : { cpu: cpuOfV1(path), memory: memoryOfV1(path), io: ioOfV1(path), pids };
}

/** See the kernel's admin-guide/cgroup-v1/cpuacct.rst and scheduler/sched-bwc.rst. */
function cpuOfV1(path: string): CgroupStats['cpu'] {
  const throttling = table('cpu', path, 'cpu.stat');
  return {
    total: counter('cpuacct', path, 'cpuacct.usage'),
    user: counter('cpuacct', path, 'cpuacct.usage_user'),
    kernel: counter('cpuacct', path, 'cpuacct.usage_sys'),
    perCpu: (readCgroupFile('cpuacct', path, 'cpuacct.usage_percpu') ?? '')
      .split(' ')
      .filter(Boolean)
      .map(Number),
    periods: throttling['nr_periods'] ?? 0,
    throttledPeriods: throttling['nr_throttled'] ?? 0,
    throttledTime: throttling['throttled_time'] ?? 0,
  };
}

/** See the kernel's admin-guide/cgroup-v2.rst, CPU Interface Files. */
function cpuOfV2(path: string): CgroupStats['cpu'] {
  const stat = table('cpu', path, 'cpu.stat');
  return {
    total: (stat['usage_usec'] ?? 0) * MICRO,
    user: (stat['user_usec'] ?? 0) * MICRO,
    kernel: (stat['system_usec'] ?? 0) * MICRO,
    periods: stat['nr_periods'] ?? 0,
    throttledPeriods: stat['nr_throttled'] ?? 0,
    throttledTime: (stat['throttled_usec'] ?? 0) * MICRO,
  };
}

function memoryOfV1(path: string): CgroupStats['memory'] {
  return {
    usage: counter('memory', path, 'memory.usage_in_bytes'),
    peak: counter('memory', path, 'memory.max_usage_in_bytes'),
    failures: counter('memory', path, 'memory.failcnt'),
    limit: limit('memory', path, 'memory.limit_in_bytes'),
    stats: table('memory', path, 'memory.stat'),
  };
}

function memoryOfV2(path: string): CgroupStats['memory'] {
  return {
    usage: counter('memory', path, 'memory.current'),
    limit: limit('memory', path, 'memory.max'),
    stats: table('memory', path, 'memory.stat'),
  };
}

/** `8:0 Read 4096` in each line, and a sum without a device at the end. */
function ioOfV1(path: string): CgroupStats['io'] {
  const counts = (file: string): IoCount[] =>
    lines('blkio', path, file).flatMap((line) => {
      const [device = '', op = '', value] = line.split(' ');
      return value === undefined ? [] : [{ ...numbersOf(device), op, value: Number(value) }];
    });
  return {
    bytes: counts('blkio.throttle.io_service_bytes_recursive'),
    operations: counts('blkio.throttle.io_serviced_recursive'),
  };
}

/** `8:0 rbytes=4096 wbytes=0 rios=1 ...` in each line. */
function ioOfV2(path: string): CgroupStats['io'] {
  const bytes = lines('io', path, 'io.stat').flatMap((line) => {
    const [device = '', ...pairs] = line.split(' ');
    const values = new Map(pairs.map((pair) => pair.split('=', 2) as [string, string]));
    return [
      { ...numbersOf(device), op: 'read', value: Number(values.get('rbytes') ?? 0) },
      { ...numbersOf(device), op: 'write', value: Number(values.get('wbytes') ?? 0) },
    ];
  });
  return { bytes };
}

function numbersOf(device: string): { major: number; minor: number } {
  const [major, minor] = device.split(':').map(Number);
  return { major: major ?? 0, minor: minor ?? 0 };
}

function lines(controller: string, path: string, file: string): string[] {
  return (readCgroupFile(controller, path, file) ?? '').split('\n').filter(Boolean);
}

function table(controller: string, path: string, file: string): Record<string, number> {
  return Object.fromEntries(
    lines(controller, path, file).map((line) => {
      const at = line.indexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

function counter(controller: string, path: string, file: string): number {
  return Number(readCgroupFile(controller, path, file) ?? 0);
}

function limit(controller: string, path: string, file: string): number | undefined {
  const text = readCgroupFile(controller, path, file);
  return text === undefined || text === 'max' ? undefined : Number(text);
}
