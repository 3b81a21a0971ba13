import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Bench, client } from './bench.ts';
import type { Engine } from './engines.ts';
import { time } from './measure.ts';

const run = promisify(execFile);
/** Ports of the host, below those that the kernel gives away by itself. */
const FIRST_PORT = 20_000;
const THOUSAND = 1000;
const PIECES = 10;

/** Networks and published ports: what it takes to make them, and how fast bytes pass. */
export async function compareNetworks(bench: Bench): Promise<void> {
  await bench.compare({ name: 'port', what: 'run --rm -p, one port' }, (engine) =>
    time(() => publish(engine, 1)),
  );
  await bench.compare(
    {
      name: 'ports',
      what: 'run --rm -p, 100 ports',
      goal: { ratio: 0.03 },
      rounds: Math.ceil(bench.times / 10),
    },
    (engine) => time(() => publish(engine, 100)),
  );
  await bench.compare({ name: 'network', what: 'network create and rm' }, (engine) =>
    time(async () => {
      await client(engine, 'network', 'create', 'bench');
      await client(engine, 'network', 'rm', 'bench');
    }),
  );
  if (bench.wants('connect')) await compareConnect(bench);
  if (bench.wants('throughput')) await compareThroughput(bench);
  if (bench.wants('thousandth')) await compareThousandth(bench);
}

function publish(engine: Engine, count: number): Promise<void> {
  const range = `${FIRST_PORT}-${FIRST_PORT + count - 1}:${FIRST_PORT}-${FIRST_PORT + count - 1}`;
  return client(engine, 'run', '--rm', '-p', range, 'busybox', 'true');
}

async function compareConnect(bench: Bench): Promise<void> {
  for (const engine of bench.engines) {
    await client(engine, 'network', 'create', 'bench');
    await client(engine, 'run', '-d', '--name', 'joiner', 'busybox', 'sleep', '1000');
  }
  await bench.compare({ name: 'connect', what: 'network connect and disconnect' }, (engine) =>
    time(async () => {
      await client(engine, 'network', 'connect', 'bench', 'joiner');
      await client(engine, 'network', 'disconnect', 'bench', 'joiner');
    }),
  );
  for (const engine of bench.engines) {
    await client(engine, 'rm', '-f', 'joiner');
    await client(engine, 'network', 'rm', 'bench');
  }
}

/** The same container once more, on an engine that publishes a thousand ports already. Docker would take minutes: it is not asked. */
async function compareThousandth(bench: Bench): Promise<void> {
  const { berth, times } = bench;
  const before: number[] = [];
  const after: number[] = [];
  for (let round = 0; round < times; round++) before.push(await time(() => publish(berth, 1)));
  for (let piece = 0; piece < PIECES; piece++) {
    const first = FIRST_PORT + 100 + (piece * THOUSAND) / PIECES;
    const range = `${first}-${first + THOUSAND / PIECES - 1}`;
    const name = `thousand-${piece}`;
    await client(berth, 'run', '-d', '--name', name, '-p', `${range}:${range}`, 'busybox', 'sleep', '1000');
  }
  for (let round = 0; round < times; round++) after.push(await time(() => publish(berth, 1)));
  for (let piece = 0; piece < PIECES; piece++) await client(berth, 'rm', '-f', `thousand-${piece}`);
  bench.results.push({
    what: 'run --rm -p: the first port (left), one more than 1000 (right), both Berth',
    unit: 'ms',
    docker: before,
    berth: after,
  });
}

/** Bytes through a published port, from the host by its own address; iperf3 listens inside. */
async function compareThroughput(bench: Bench): Promise<void> {
  const servers: ChildProcess[] = [];
  const gateways = new Map<Engine, string>();
  try {
    for (const engine of bench.engines) {
      await client(
        engine,
        'run',
        '-d',
        '--name',
        'sink',
        '-p',
        `${FIRST_PORT}:5201`,
        'busybox',
        'sleep',
        '1000',
      );
      const format = '{{.State.Pid}} {{.NetworkSettings.Gateway}}';
      const { stdout } = await run('docker', ['inspect', '--format', format, 'sink'], {
        env: engine.environment,
      });
      const [pid = '', gateway = ''] = stdout.trim().split(' ');
      servers.push(spawn('nsenter', ['-t', pid, '-n', 'iperf3', '-s'], { stdio: 'ignore' }));
      gateways.set(engine, gateway);
    }
    await sleep(500);
    const rounds = Math.ceil(bench.times / 4);
    for (const [how, by] of [
      ['the host’s address', (engine: Engine) => gateways.get(engine)!],
      ['127.0.0.1', () => '127.0.0.1'],
    ] as const) {
      await bench.compare(
        { name: 'throughput', what: `1 GB through a published port, by ${how}`, rounds },
        (engine) => throughput(engine, by(engine)),
      );
    }
  } finally {
    for (const server of servers) server.kill();
    for (const engine of bench.engines) await client(engine, 'rm', '-f', 'sink');
  }
}

/** Milliseconds that a gigabyte takes. */
async function throughput(engine: Engine, address: string): Promise<number> {
  const call = ['-c', address, '-p', String(FIRST_PORT), '-t', '1', '-J'];
  const { stdout } = await run('nsenter', engine.inside('iperf3', call));
  const { end, error } = JSON.parse(stdout) as {
    end: { sum_received: { bits_per_second: number } };
    error?: string;
  };
  if (error !== undefined) throw new Error(`iperf3: ${error}`);
  return 8e12 / end.sum_received.bits_per_second;
}
