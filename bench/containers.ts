import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Bench, client } from './bench.ts';
import { checkout, type Engine } from './engines.ts';
import { median, succeed, time } from './measure.ts';

/** From nothing to a container's end and back to nothing, and a further process in a container that runs. */
export async function compareContainers(bench: Bench): Promise<void> {
  const run = (...flags: string[]) => ['run', '--rm', ...flags, 'busybox', 'true'];
  await bench.compare({ name: 'run', what: 'run --rm busybox true', goal: { ratio: 0.25 } }, (engine) =>
    time(() => client(engine, ...run())),
  );
  await bench.compare(
    { name: 'none', what: 'run --rm --network none busybox true', goal: { ratio: 0.3 } },
    (engine) => time(() => client(engine, ...run('--network', 'none'))),
  );
  await bench.compare(
    { name: 'berth', what: 'run --rm busybox true, by berth on our side', goal: { ratio: 0.3 } },
    (engine) => {
      const own = engine === bench.berth ? join(checkout, 'bin/berth') : 'docker';
      return time(() => succeed(own, run(), engine.environment));
    },
  );
  await bench.compare(
    { name: 'ten', what: 'ten run -d at once', goal: { ratio: 0.2 }, rounds: Math.ceil(bench.times / 4) },
    tenAtOnce,
  );
  if (bench.wants('exec')) await compareExec(bench);
}

async function tenAtOnce(engine: Engine): Promise<number> {
  const names = Array.from({ length: 10 }, (_, index) => `ten-${index}`);
  const taken = await time(() =>
    Promise.all(names.map((name) => client(engine, 'run', '-d', '--name', name, 'busybox', 'sleep', '1000'))),
  );
  await client(engine, 'rm', '-f', ...names);
  return taken;
}

async function compareExec(bench: Bench): Promise<void> {
  for (const engine of bench.engines) {
    await client(engine, 'run', '-d', '--name', 'host', 'busybox', 'sleep', '1000');
  }
  await bench.compare({ name: 'exec', what: 'exec host true', goal: { ratio: 0.6 } }, (engine) =>
    time(() => client(engine, 'exec', 'host', 'true')),
  );
  for (const engine of bench.engines) await client(engine, 'rm', '-f', 'host');
}

/** What the OCI runtime alone takes for one container without network, in milliseconds: the floor under all of it. */
export async function bareRuntime({ work, times }: Bench): Promise<number> {
  const bundle = join(work, 'bundle');
  mkdirSync(bundle);
  cpSync(join(work, 'rootfs'), join(bundle, 'rootfs'), { recursive: true, verbatimSymlinks: true });
  execFileSync('crun', ['spec'], { cwd: bundle });
  const spec = JSON.parse(readFileSync(join(bundle, 'config.json'), 'utf8'));
  spec.process.terminal = false;
  spec.process.args = ['/bin/true'];
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(spec));
  const taken: number[] = [];
  for (let round = 0; round < times; round++) {
    const args = ['run', '--bundle', bundle, `berth-bench-${process.pid}`];
    taken.push(await time(() => succeed('crun', args, process.env)));
  }
  return median(taken);
}
