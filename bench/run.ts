import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { compareNames } from './dns.ts';
import { berthEngine, checkout, dockerEngine, type Engine } from './engines.ts';
import { prepareLoad } from './load.ts';
import { compareLogs } from './logs.ts';
import { type Comparison, type Goal, inTurn, median, succeed, time } from './measure.ts';
import { preparePull } from './pull.ts';
import { render } from './table.ts';
import { thousandContainers } from './thousand.ts';

/**
 * Berth beside Docker's engine: the same work on both, in turn, in one run.
 *
 *     sh scripts/bench [--times 20] [--only run,exec]
 *
 * Both engines are driven by the official client, but for the line that says otherwise.
 */
const { values } = parseArgs({
  options: { times: { type: 'string', default: '20' }, only: { type: 'string' } },
});
const times = Number(values.times);
const wanted = values.only?.split(',');

await using docker = dockerEngine();
await using berth = berthEngine();
const engines = { docker, berth };
const work = mkdtempSync(join(tmpdir(), 'berth-bench-'));
const results: Comparison[] = [];

try {
  writeRootfs(work);
  for (const engine of [docker, berth]) {
    await engine.start();
    await client(engine, 'import', '--change', 'CMD ["sh"]', join(work, 'rootfs.tar'), 'busybox');
  }
  await compare('start', 'engine start to first answer', 'ms', { value: 300 }, Math.min(times, 5), restart);
  await compare('memory', 'engine at rest, resident memory', 'MB', { value: 110 }, 1, atRest);
  await compare('run', 'run --rm busybox true', 'ms', { ratio: 0.25 }, times, (engine) =>
    time(() => client(engine, 'run', '--rm', 'busybox', 'true')),
  );
  await compare('none', 'run --rm --network none busybox true', 'ms', { ratio: 0.3 }, times, (engine) =>
    time(() => client(engine, 'run', '--rm', '--network', 'none', 'busybox', 'true')),
  );
  await compare(
    'berth',
    'run --rm busybox true, by berth on our side',
    'ms',
    { ratio: 0.3 },
    times,
    (engine) =>
      time(() => succeed(ownClient(engine), ['run', '--rm', 'busybox', 'true'], engine.environment)),
  );
  await compare('ten', 'ten run -d at once', 'ms', { ratio: 0.2 }, Math.ceil(times / 4), tenAtOnce);
  await compareExec();
  if (wanted === undefined || wanted.includes('load')) {
    const load = await prepareLoad(work);
    await compare('load', 'load of 350 MB in eight layers', 'ms', { ratio: 0.7 }, Math.ceil(times / 4), load);
  }
  if (wanted === undefined || wanted.includes('logs')) {
    results.push(...(await compareLogs(engines, Math.ceil(times / 20))));
  }
  if (wanted === undefined || wanted.includes('pull')) {
    const pull = await preparePull(work);
    const rounds = Math.ceil(times / 4);
    await compare('pull', 'pull of 350 MB in eight layers', 'ms', { ratio: 0.7 }, rounds, (engine) =>
      pull(engine),
    );
    await compare('pull', 'twenty pulls of it at once', 'ms', { ratio: 0.7 }, 1, (engine) =>
      pull(engine, 20),
    );
  }
  if (wanted === undefined || wanted.includes('names')) {
    results.push(...(await compareNames(engines, Math.ceil(times / 4))));
  }
  console.log(render(results));
  if (wanted === undefined || wanted.includes('crun')) await bareRuntime();
  if (wanted === undefined || wanted.includes('thousand'))
    console.log(`\n${await thousandContainers(berth)}`);
} finally {
  rmSync(work, { recursive: true, force: true });
}

async function compare(
  name: string,
  what: string,
  unit: Comparison['unit'],
  goal: Goal | undefined,
  rounds: number,
  measure: (engine: Engine) => Promise<number>,
): Promise<void> {
  if (wanted !== undefined && !wanted.includes(name)) return;
  process.stderr.write(`${what} ...\n`);
  const sides = await inTurn(engines, rounds, measure);
  results.push({ what, unit, ...sides, ...(goal === undefined ? {} : { goal }) });
}

async function restart(engine: Engine): Promise<number> {
  await engine.stop();
  return time(() => engine.start());
}

async function atRest(engine: Engine): Promise<number> {
  await sleep(2_000);
  return engine.residentMemory();
}

async function tenAtOnce(engine: Engine): Promise<number> {
  const names = Array.from({ length: 10 }, (_, index) => `ten-${index}`);
  const taken = await time(() =>
    Promise.all(names.map((name) => client(engine, 'run', '-d', '--name', name, 'busybox', 'sleep', '1000'))),
  );
  await client(engine, 'rm', '-f', ...names);
  return taken;
}

async function compareExec(): Promise<void> {
  if (wanted !== undefined && !wanted.includes('exec')) return;
  for (const engine of [docker, berth]) {
    await client(engine, 'run', '-d', '--name', 'host', 'busybox', 'sleep', '1000');
  }
  await compare('exec', 'exec host true', 'ms', undefined, times, (engine) =>
    time(() => client(engine, 'exec', 'host', 'true')),
  );
  for (const engine of [docker, berth]) await client(engine, 'rm', '-f', 'host');
}

/** What the OCI runtime alone takes for one container without network: the floor under all of it. */
async function bareRuntime(): Promise<void> {
  const bundle = join(work, 'bundle');
  mkdirSync(bundle);
  cpSync(join(work, 'rootfs'), join(bundle, 'rootfs'), { recursive: true, verbatimSymlinks: true });
  execFileSync('crun', ['spec'], { cwd: bundle });
  const spec = JSON.parse(execFileSync('cat', [join(bundle, 'config.json')], { encoding: 'utf8' }));
  spec.process.terminal = false;
  spec.process.args = ['/bin/true'];
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(spec));
  const taken: number[] = [];
  for (let round = 0; round < times; round++) {
    const args = ['run', '--bundle', bundle, `berth-bench-${process.pid}`];
    taken.push(await time(() => succeed('crun', args, process.env)));
  }
  console.log(`\nFor reference: a bare 'crun run' of the same takes ${median(taken).toFixed(1)} ms.`);
}

/** A root file system with busybox alone, which both engines import. */
function writeRootfs(folder: string): void {
  const bin = join(folder, 'rootfs/bin');
  mkdirSync(bin, { recursive: true });
  cpSync('/bin/busybox', join(bin, 'busybox'));
  for (const applet of ['sh', 'true', 'sleep']) symlinkSync('busybox', join(bin, applet));
  execFileSync('tar', ['-C', join(folder, 'rootfs'), '-cf', join(folder, 'rootfs.tar'), '.']);
}

function client(engine: Engine, ...args: string[]): Promise<void> {
  return succeed('docker', args, engine.environment);
}

/** Each side by its own client. */
function ownClient(engine: Engine): string {
  return engine === berth ? join(checkout, 'bin/berth') : 'docker';
}
