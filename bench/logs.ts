import type { Engine } from './engines.ts';
import { type Comparison, median, succeed, time } from './measure.ts';

type Sides = { readonly docker: Engine; readonly berth: Engine };

const BYTES = 500_000_000;
/** 99 letters and a newline. */
const LINE = 'log '.repeat(25).slice(0, 99);
const LIMITS = ['--log-opt', 'max-size=10m', '--log-opt', 'max-file=3'];

/** What one round has measured, in ms. */
interface Round {
  readonly writing: number;
  readonly latencies: readonly number[];
  readonly reading: number;
  /** The writing once more, with rotation. */
  readonly rotating: number;
}

/**
 * One container that writes 500 MB of lines as fast as its log is taken: how long that takes, and how long a client waits for
 * an answer meanwhile. The official client drives both engines.
 */
export async function compareLogs(sides: Sides, times: number): Promise<Comparison[]> {
  process.stderr.write('a container that writes 500 MB of lines ...\n');
  const docker: Round[] = [];
  const berth: Round[] = [];
  for (let round = 0; round < times; round++) {
    docker.push(await measure(sides.docker));
    berth.push(await measure(sides.berth));
  }
  const line = (what: string, value: (round: Round) => number, ratio: number): Comparison => ({
    what,
    unit: 'ms',
    docker: docker.map(value),
    berth: berth.map(value),
    goal: { ratio },
  });
  return [
    line('500 MB of log lines, start to end', (round) => round.writing, 0.6),
    line('ps while they are written, median', (round) => median(round.latencies), 1),
    line('ps while they are written, nine of ten within', (round) => ninth(round.latencies), 1),
    line('logs of the 500 MB', (round) => round.reading, 1),
    line('500 MB with max-size=10m, max-file=3', (round) => round.rotating, 0.6),
  ];
}

/** What nine of ten values do not exceed. */
function ninth(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(values.length * 0.9) - 1]!;
}

async function measure(engine: Engine): Promise<Round> {
  const docker = (...args: string[]) => succeed('docker', args, engine.environment);
  const latencies: number[] = [];
  let writes = true;
  const ask = async () => {
    while (writes) latencies.push(await time(() => docker('ps')));
  };
  const asking = ask();
  const writing = await time(() => write(engine, []));
  writes = false;
  await asking;
  const reading = await time(() => docker('logs', 'writer'));
  await docker('rm', '-f', 'writer');
  const rotating = await time(() => write(engine, LIMITS));
  await docker('rm', '-f', 'writer');
  return { writing, latencies, reading, rotating };
}

/** Runs the container to its end. */
async function write({ environment }: Engine, flags: readonly string[]): Promise<void> {
  const script = `busybox yes "${LINE}" | busybox head -c ${BYTES}`;
  const options = ['-d', '--name', 'writer', '--network', 'none', ...flags];
  await succeed('docker', ['run', ...options, 'busybox', 'sh', '-c', script], environment);
  await succeed('docker', ['wait', 'writer'], environment);
}
