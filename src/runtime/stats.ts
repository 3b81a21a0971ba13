import { readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { type CgroupStats, cgroupStats } from '../linux/index.ts';

export type { IoCount } from '../linux/index.ts';

/** Traffic of one interface, in bytes and packets. */
export interface InterfaceStats {
  readonly rxBytes: number;
  readonly rxPackets: number;
  readonly rxErrors: number;
  readonly rxDropped: number;
  readonly txBytes: number;
  readonly txPackets: number;
  readonly txErrors: number;
  readonly txDropped: number;
}

/** What a container has used up to a moment. */
export interface Sample extends CgroupStats {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Nanoseconds that all the machine's processors together have spent, idling included. */
  readonly systemCpu: number;
  readonly onlineCpus: number;
  /** Bytes of memory that the machine has. */
  readonly machineMemory: number;
  /** By name; the loopback interface is left out. */
  readonly interfaces: Readonly<Record<string, InterfaceStats>>;
}

/** Where a container's figures are read. */
export interface SampledProcess {
  /** From the root of the hierarchies. */
  readonly cgroup: string;
  readonly pid: number;
  /** Whether the interfaces that its processes see are the host's: their traffic is not the container's. */
  readonly hostNetwork: boolean;
}

/** USER_HZ, in which the kernel counts for user space on every machine that Node runs on; see time(7). */
const TICKS_PER_SECOND = 100;
const NANOS_PER_TICK = 1e9 / TICKS_PER_SECOND;
/** user nice system idle iowait irq softirq: guests' time is part of the first two. */
const CPU_FIELDS = 7;

/** Reads a sample; undefined when the container's cgroup is gone. */
export function takeSample({ cgroup, pid, hostNetwork }: SampledProcess): Sample | undefined {
  const used = cgroupStats(cgroup);
  if (used === undefined) return undefined;
  return {
    ...used,
    at: Date.now(),
    systemCpu: systemCpu(),
    onlineCpus: availableParallelism(),
    machineMemory: totalmem(),
    interfaces: hostNetwork ? {} : interfacesOf(pid),
  };
}

/** The `cpu` line of proc_stat(5). */
function systemCpu(): number {
  const text = readFileSync('/proc/stat', 'utf8');
  const fields = text.slice(0, text.indexOf('\n')).trim().split(/\s+/);
  return fields.slice(1, 1 + CPU_FIELDS).reduce((sum, ticks) => sum + Number(ticks), 0) * NANOS_PER_TICK;
}

/** The interfaces of a process's network namespace; see proc_pid_net(5), dev. */
function interfacesOf(pid: number): Record<string, InterfaceStats> {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/net/dev`, 'utf8');
  } catch {
    // The process has just ended.
    return {};
  }
  const found: Record<string, InterfaceStats> = {};
  for (const line of text.split('\n')) {
    const at = line.indexOf(':');
    const name = line.slice(0, Math.max(0, at)).trim();
    if (name === '' || name === 'lo') continue;
    const counts = line
      .slice(at + 1)
      .trim()
      .split(/\s+/)
      .map(Number);
    found[name] = {
      rxBytes: counts[0] ?? 0,
      rxPackets: counts[1] ?? 0,
      rxErrors: counts[2] ?? 0,
      rxDropped: counts[3] ?? 0,
      txBytes: counts[8] ?? 0,
      txPackets: counts[9] ?? 0,
      txErrors: counts[10] ?? 0,
      txDropped: counts[11] ?? 0,
    };
  }
  return found;
}
