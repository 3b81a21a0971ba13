import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compareAnswers } from './answers.ts';
import { Bench, client } from './bench.ts';
import { bareRuntime, compareContainers } from './containers.ts';
import { compareNames } from './dns.ts';
import { compareEngines } from './engine-itself.ts';
import { berthEngine, dockerEngine } from './engines.ts';
import { compareLoad } from './load.ts';
import { compareLogs } from './logs.ts';
import { compareNetworks } from './networks.ts';
import { comparePull } from './pull.ts';
import { render } from './table.ts';
import { thousandContainers } from './thousand.ts';

/**
 * Berth beside Docker's engine: the same work on both, in turn, in one run.
 *
 *     sh scripts/bench [--times 20] [--only run,exec]
 *
 * Both engines are driven by the official client, or by bare requests where the engine alone is meant, but for the line that
 * says otherwise.
 */
const { values } = parseArgs({
  options: { times: { type: 'string', default: '20' }, only: { type: 'string' } },
});

await using docker = dockerEngine();
await using berth = berthEngine();
const work = mkdtempSync(join(tmpdir(), 'berth-bench-'));
const bench = new Bench({ docker, berth, times: Number(values.times), only: values.only?.split(','), work });

try {
  writeRootfs(work);
  for (const engine of bench.engines) {
    await engine.start();
    await client(engine, 'import', '--change', 'CMD ["sh"]', join(work, 'rootfs.tar'), 'busybox');
  }
  await compareEngines(bench);
  await compareContainers(bench);
  await compareAnswers(bench);
  await compareLoad(bench);
  await comparePull(bench);
  await compareNetworks(bench);
  if (bench.wants('logs')) bench.results.push(...(await compareLogs(bench, Math.ceil(bench.times / 20))));
  if (bench.wants('names')) bench.results.push(...(await compareNames(bench, Math.ceil(bench.times / 4))));
  console.log(render(bench.results));
  if (bench.wants('crun')) {
    console.log(
      `\nFor reference: a bare 'crun run' of the same takes ${(await bareRuntime(bench)).toFixed(1)} ms.`,
    );
  }
  if (bench.wants('thousand')) console.log(`\n${await thousandContainers(berth)}`);
} finally {
  rmSync(work, { recursive: true, force: true });
}

/** A root file system with busybox alone, which both engines import. */
function writeRootfs(folder: string): void {
  const bin = join(folder, 'rootfs/bin');
  mkdirSync(bin, { recursive: true });
  cpSync('/bin/busybox', join(bin, 'busybox'));
  for (const applet of ['sh', 'true', 'sleep']) symlinkSync('busybox', join(bin, applet));
  execFileSync('tar', ['-C', join(folder, 'rootfs'), '-cf', join(folder, 'rootfs.tar'), '.']);
}
