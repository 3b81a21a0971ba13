import type { Engine } from './engines.ts';
import { type Comparison, type Goal, inTurn, succeed } from './measure.ts';

/** One line of the report, to be measured. */
export interface Line {
  /** By which `--only` chooses it. */
  readonly name: string;
  readonly what: string;
  readonly unit?: Comparison['unit'];
  readonly goal?: Goal;
  /** How often on each side; as `--times` says unless told. */
  readonly rounds?: number;
}

export interface BenchOptions {
  readonly docker: Engine;
  readonly berth: Engine;
  readonly times: number;
  /** Names of lines; undefined for all. */
  readonly only: readonly string[] | undefined;
  /** A folder for what is needed on the way, with the file system that both engines have as `busybox` in it. */
  readonly work: string;
}

/** A run of the benchmark: both engines, which lines are wanted, and what has been measured so far. */
export class Bench {
  readonly docker: Engine;
  readonly berth: Engine;
  readonly times: number;
  readonly work: string;
  readonly results: Comparison[] = [];
  readonly #only: readonly string[] | undefined;

  constructor({ docker, berth, times, only, work }: BenchOptions) {
    this.docker = docker;
    this.berth = berth;
    this.times = times;
    this.work = work;
    this.#only = only;
  }

  get engines(): readonly Engine[] {
    return [this.docker, this.berth];
  }

  wants(name: string): boolean {
    return this.#only === undefined || this.#only.includes(name);
  }

  /** Measures a line, if it is wanted. */
  async compare(line: Line, measure: (engine: Engine) => Promise<number>): Promise<void> {
    if (!this.wants(line.name)) return;
    process.stderr.write(`${line.what} ...\n`);
    const { what, unit = 'ms', goal, rounds = this.times } = line;
    const sides = await inTurn({ docker: this.docker, berth: this.berth }, rounds, measure);
    this.results.push({ what, unit, ...sides, ...(goal === undefined ? {} : { goal }) });
  }
}

/** Runs the official client to its end. */
export function client(engine: Engine, ...args: string[]): Promise<void> {
  return succeed('docker', args, engine.environment);
}
