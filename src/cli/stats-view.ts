import type { View } from './format.ts';
import { bytesSize, humanSize } from './units.ts';

/** One sample of a container's resource use, in the engine's words. */
export interface Sample {
  readonly name?: string;
  readonly id?: string;
  readonly cpu_stats?: CpuStats;
  readonly precpu_stats?: CpuStats;
  readonly memory_stats?: {
    readonly usage?: number;
    readonly limit?: number;
    readonly stats?: Readonly<Record<string, number>>;
  };
  readonly networks?: Readonly<
    Record<string, { readonly rx_bytes: number; readonly tx_bytes: number }>
  > | null;
  readonly blkio_stats?: {
    readonly io_service_bytes_recursive?: readonly { readonly op: string; readonly value: number }[] | null;
  };
  readonly pids_stats?: { readonly current?: number };
}

interface CpuStats {
  readonly cpu_usage?: { readonly total_usage?: number; readonly percpu_usage?: readonly number[] | null };
  readonly system_cpu_usage?: number;
  readonly online_cpus?: number;
}

/** A container in the list; no sample yet, or none to be had. */
export interface StatsRow {
  /** As the user named it. */
  readonly container: string;
  readonly sample: Sample | undefined;
}

/** What `stats` can show. */
export function statsView(truncate: boolean): View<StatsRow> {
  const shorten = (id: string): string => (truncate ? id.slice(0, 12) : id);
  return {
    Container: { header: 'CONTAINER', value: ({ container }) => container },
    ID: { header: 'CONTAINER ID', value: ({ sample, container }) => shorten(sample?.id ?? container) },
    Name: { header: 'NAME', value: ({ sample }) => (sample?.name ? sample.name.replace(/^\//, '') : '--') },
    CPUPerc: {
      header: 'CPU %',
      value: ({ sample }) => (sample ? `${cpuPercent(sample).toFixed(2)}%` : '--'),
    },
    MemUsage: {
      header: 'MEM USAGE / LIMIT',
      value: ({ sample }) =>
        sample
          ? `${bytesSize(memoryUsed(sample))} / ${bytesSize(sample.memory_stats?.limit ?? 0)}`
          : '-- / --',
    },
    MemPerc: {
      header: 'MEM %',
      value: ({ sample }) => (sample ? `${memoryPercent(sample).toFixed(2)}%` : '--'),
    },
    NetIO: { header: 'NET I/O', value: ({ sample }) => (sample ? network(sample) : '--') },
    BlockIO: { header: 'BLOCK I/O', value: ({ sample }) => (sample ? blockIo(sample) : '--') },
    PIDs: {
      header: 'PIDS',
      value: ({ sample }) => (sample ? String(sample.pids_stats?.current ?? 0) : '--'),
    },
  };
}

export const STATS_COLUMNS = ['ID', 'Name', 'CPUPerc', 'MemUsage', 'MemPerc', 'NetIO', 'BlockIO', 'PIDs'];

function cpuPercent({ cpu_stats: now, precpu_stats: before }: Sample): number {
  const used = (now?.cpu_usage?.total_usage ?? 0) - (before?.cpu_usage?.total_usage ?? 0);
  const system = (now?.system_cpu_usage ?? 0) - (before?.system_cpu_usage ?? 0);
  const cpus = now?.online_cpus || now?.cpu_usage?.percpu_usage?.length || 0;
  return system > 0 && used > 0 ? (used / system) * cpus * 100 : 0;
}

/** Memory without what the kernel would give up at once: the inactive part of its file cache. */
function memoryUsed({ memory_stats: memory }: Sample): number {
  const usage = memory?.usage ?? 0;
  const inactive = memory?.stats?.['total_inactive_file'] ?? memory?.stats?.['inactive_file'] ?? 0;
  return inactive < usage ? usage - inactive : usage;
}

function memoryPercent(sample: Sample): number {
  const limit = sample.memory_stats?.limit ?? 0;
  return limit > 0 ? (memoryUsed(sample) / limit) * 100 : 0;
}

function network({ networks }: Sample): string {
  let received = 0;
  let sent = 0;
  for (const { rx_bytes, tx_bytes } of Object.values(networks ?? {})) {
    received += rx_bytes;
    sent += tx_bytes;
  }
  return `${humanSize(received, 3)} / ${humanSize(sent, 3)}`;
}

function blockIo({ blkio_stats: io }: Sample): string {
  let read = 0;
  let written = 0;
  for (const { op, value } of io?.io_service_bytes_recursive ?? []) {
    if (/^r/i.test(op)) read += value;
    else if (/^w/i.test(op)) written += value;
  }
  return `${humanSize(read, 3)} / ${humanSize(written, 3)}`;
}
