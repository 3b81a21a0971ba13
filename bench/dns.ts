import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Engine } from './engines.ts';
import { type Comparison, inTurn, succeed } from './measure.ts';

const run = promisify(execFile);
const CONTAINERS = 50;
/** So many queries for each container's name, twenty under way at a time. */
const PER_NAME = 100;

/**
 * Looks up fifty containers' names from one of them, with dnsperf(1): how long that takes altogether, and one answer on the
 * average.
 */
export async function compareNames(
  engines: { readonly docker: Engine; readonly berth: Engine },
  rounds: number,
): Promise<Comparison[]> {
  const names = Array.from({ length: CONTAINERS }, (_, index) => `named-${index}`);
  const queries = join(engines.berth.root, 'queries');
  writeFileSync(queries, names.map((name) => `${name} A\n`).join(''));
  for (const engine of [engines.docker, engines.berth]) {
    await succeed('docker', ['network', 'create', 'named'], engine.environment);
    for (const name of names) {
      const args = ['run', '-d', '--network', 'named', '--name', name, 'busybox', 'sleep', '1000'];
      await succeed('docker', args, engine.environment);
    }
  }
  const latencies = { docker: [] as number[], berth: [] as number[] };
  const totals = await inTurn(engines, rounds, async (engine) => {
    const { total, latency } = await dnsperf(engine, names[0]!, queries);
    latencies[engine === engines.berth ? 'berth' : 'docker'].push(latency);
    return total;
  });
  for (const engine of [engines.docker, engines.berth]) {
    await succeed('docker', ['rm', '-f', ...names], engine.environment);
    await succeed('docker', ['network', 'rm', 'named'], engine.environment);
  }
  const count = (CONTAINERS * PER_NAME).toLocaleString('en');
  return [
    { what: `${count} look-ups of ${CONTAINERS} containers, 20 at a time`, unit: 'ms', ...totals },
    { what: 'one look-up among them, on the average', unit: 'ms', ...latencies },
  ];
}

async function dnsperf(
  engine: Engine,
  container: string,
  queries: string,
): Promise<{ total: number; latency: number }> {
  const inspect = ['inspect', '--format', '{{.State.Pid}}', container];
  const { stdout: pid } = await run('docker', inspect, { env: engine.environment });
  const flags = ['-s', '127.0.0.11', '-d', queries, '-n', String(PER_NAME), '-q', '20'];
  const { stdout } = await run('nsenter', ['-t', pid.trim(), '-n', 'dnsperf', ...flags]);
  const seconds = (label: string) => Number(new RegExp(`${label} \\(s\\): +([\\d.]+)`).exec(stdout)?.[1]);
  if (!/Queries lost: +0 /.test(stdout)) throw new Error(`some look-ups had no answer:\n${stdout}`);
  return { total: 1000 * seconds('Run time'), latency: 1000 * seconds('Average Latency') };
}
