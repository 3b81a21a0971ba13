import { formatTime, ZERO_TIME } from '../../api/index.ts';
import { type IoCount, type Sample, type SamplePair, StatsSampler, takeSample } from '../../runtime/index.ts';
import type { Container } from './container.ts';
import type { ContainerParts } from './parts.ts';
import { isRunning } from './record.ts';

/** How a client wants the figures. */
export interface StatsRequest {
  /** One object a second; else a single one, with a sample before it to compare with. */
  readonly stream: boolean;
  /** A single object at once, without a sample before it. */
  readonly oneShot: boolean;
  readonly signal: AbortSignal;
}

const NANOS_PER_MILLI = 1_000_000n;

/** What the containers use of the machine. */
export class Stats {
  readonly #parts: ContainerParts;
  readonly #sampler = new StatsSampler<Container>((container) => this.#take(container));

  constructor(parts: ContainerParts) {
    this.#parts = parts;
  }

  /** Objects in the shape of `GET /containers/{id}/stats`, until the container is removed or the signal is aborted. */
  async *of(container: Container, request: StatsRequest): AsyncGenerator<Record<string, unknown>> {
    if (!request.stream && !isRunning(container.state)) {
      yield statsOf(container, { sample: undefined, before: undefined });
      return;
    }
    if (request.oneShot) {
      yield statsOf(container, { sample: this.#take(container), before: undefined });
      return;
    }
    const end = new AbortController();
    void container.removal.then(() => end.abort());
    for await (const pair of this.#sampler.follow(container, AbortSignal.any([request.signal, end.signal]))) {
      const comparable = pair.before !== undefined || !isRunning(container.state);
      if (request.stream || comparable) yield statsOf(container, pair);
      if (!request.stream && comparable) return;
    }
  }

  close(): void {
    this.#sampler.close();
  }

  #take(container: Container): Sample | undefined {
    const { record, state } = container;
    if (!isRunning(state)) return undefined;
    return takeSample({
      cgroup: this.#parts.cgroupOf(container),
      pid: state.pid,
      hostNetwork: record.hostConfig.NetworkMode === 'host',
    });
  }
}

/** A container without a sample has the object's zero value, as Go writes it. */
function statsOf(container: Container, { sample, before }: SamplePair): Record<string, unknown> {
  const networks = Object.entries(sample?.interfaces ?? {});
  return {
    read: timeOf(sample),
    preread: timeOf(before),
    pids_stats: pidsOf(sample),
    blkio_stats: ioOf(sample),
    num_procs: 0,
    storage_stats: {},
    cpu_stats: cpuOf(sample),
    precpu_stats: cpuOf(before),
    memory_stats: memoryOf(sample),
    name: `/${container.name}`,
    id: container.id,
    ...(networks.length > 0 && {
      networks: Object.fromEntries(
        networks.map(([name, counts]) => [
          name,
          {
            rx_bytes: counts.rxBytes,
            rx_packets: counts.rxPackets,
            rx_errors: counts.rxErrors,
            rx_dropped: counts.rxDropped,
            tx_bytes: counts.txBytes,
            tx_packets: counts.txPackets,
            tx_errors: counts.txErrors,
            tx_dropped: counts.txDropped,
          },
        ]),
      ),
    }),
  };
}

function timeOf(sample: Sample | undefined): string {
  return sample === undefined ? ZERO_TIME : formatTime(BigInt(sample.at) * NANOS_PER_MILLI);
}

function pidsOf(sample: Sample | undefined): Record<string, unknown> {
  if (sample === undefined) return {};
  const { current, limit } = sample.pids;
  return { current, ...(limit !== undefined && { limit }) };
}

function cpuOf(sample: Sample | undefined): Record<string, unknown> {
  const { cpu } = sample ?? {};
  return {
    cpu_usage: {
      total_usage: cpu?.total ?? 0,
      ...(cpu?.perCpu && { percpu_usage: cpu.perCpu }),
      usage_in_kernelmode: cpu?.kernel ?? 0,
      usage_in_usermode: cpu?.user ?? 0,
    },
    ...(sample && { system_cpu_usage: sample.systemCpu, online_cpus: sample.onlineCpus }),
    throttling_data: {
      periods: cpu?.periods ?? 0,
      throttled_periods: cpu?.throttledPeriods ?? 0,
      throttled_time: cpu?.throttledTime ?? 0,
    },
  };
}

function memoryOf(sample: Sample | undefined): Record<string, unknown> {
  if (sample === undefined) return {};
  const { usage, peak, failures, limit, stats } = sample.memory;
  return {
    usage,
    ...(peak !== undefined && { max_usage: peak }),
    stats,
    ...(failures && { failcnt: failures }),
    // v1 has a huge number for no limit.
    limit: Math.min(limit ?? Infinity, sample.machineMemory),
  };
}

function ioOf(sample: Sample | undefined): Record<string, unknown> {
  const list = (counts: readonly IoCount[] | undefined) => (counts?.length ? counts : null);
  return {
    io_service_bytes_recursive: list(sample?.io.bytes),
    io_serviced_recursive: list(sample?.io.operations),
    io_queue_recursive: null,
    io_service_time_recursive: null,
    io_wait_time_recursive: null,
    io_merged_recursive: null,
    io_time_recursive: null,
    sectors_recursive: null,
  };
}
