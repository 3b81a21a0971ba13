import { spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';

/** One line of the report: the same work on each side, in the same unit. */
export interface Comparison {
  readonly what: string;
  readonly unit: 'ms' | 'MB';
  readonly docker: readonly number[];
  readonly berth: readonly number[];
  readonly goal?: Goal;
}

/** At most this part of Docker's value, or at most this value. */
export type Goal = { readonly ratio: number } | { readonly value: number };

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Milliseconds that `work` takes. */
export async function time(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/**
 * Does the work on both sides `times` times, in turn, after one round that is not counted: what else happens on the
 * machine then weighs on both alike.
 */
export async function inTurn<Side>(
  sides: { readonly docker: Side; readonly berth: Side },
  times: number,
  measure: (side: Side) => Promise<number>,
): Promise<{ docker: number[]; berth: number[] }> {
  const docker: number[] = [];
  const berth: number[] = [];
  for (let round = 0; round <= times; round++) {
    const values = [await measure(sides.docker), await measure(sides.berth)] as const;
    if (round === 0) continue;
    docker.push(values[0]);
    berth.push(values[1]);
  }
  return { docker, berth };
}

/** Runs a program that must succeed; its output is thrown away unless it fails. */
export function succeed(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
    let errors = '';
    child.stderr.on('data', (chunk) => {
      errors += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${program} ${args.join(' ')}: exit code ${code}: ${errors.trim()}`));
    });
  });
}
