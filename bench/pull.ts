import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from './bench.ts';
import { writeBigImage } from './big-image.ts';
import type { Engine } from './engines.ts';
import { succeed, time } from './measure.ts';

/** Where the registry listens; each engine has a loopback of its own. */
const HOST = '127.0.0.1:5735';

/** Measures how long the image takes to be pulled so many times at once. */
type PullMeasure = (engine: Engine, atOnce?: number) => Promise<number>;

/** An image of 350 MB, pulled by an engine that does not have it, by one client and by twenty at once. */
export async function comparePull(bench: Bench): Promise<void> {
  if (!bench.wants('pull')) return;
  const pull = await preparePull(bench.work);
  const goal = { ratio: 0.7 };
  const rounds = Math.ceil(bench.times / 4);
  await bench.compare({ name: 'pull', what: 'pull of 350 MB in eight layers', goal, rounds }, (engine) =>
    pull(engine),
  );
  await bench.compare({ name: 'pull', what: 'twenty pulls of it at once', goal, rounds: 1 }, (engine) =>
    pull(engine, 20),
  );
}

/**
 * Fills the storage of Debian's docker-registry with an image of 350 MB in eight layers, compressed, and gives what pulls it
 * into an engine that does not have it, from a registry in the engine's own network namespace.
 */
async function preparePull(folder: string): Promise<PullMeasure> {
  const config = writeConfig(folder);
  const archive = join(folder, 'pull.tar');
  await writeBigImage(archive);
  const filling = spawn('docker-registry', ['serve', config], { stdio: 'ignore' });
  try {
    await sleep(1000);
    const target = `docker://${HOST}/big:1`;
    await succeed(
      'skopeo',
      ['copy', '--dest-tls-verify=false', `docker-archive:${archive}`, target],
      process.env,
    );
  } finally {
    await end(filling);
  }
  return async (engine, atOnce = 1) => {
    const registry = engine.spawnInside('docker-registry', ['serve', config]);
    try {
      await sleep(500);
      const pull = () => succeed('docker', ['pull', '--quiet', `${HOST}/big:1`], engine.environment);
      const taken = await time(() => Promise.all(Array.from({ length: atOnce }, pull)));
      await succeed('docker', ['rmi', `${HOST}/big:1`], engine.environment);
      return taken;
    } finally {
      await end(registry);
    }
  };
}

function writeConfig(folder: string): string {
  const storage = join(folder, 'registry');
  mkdirSync(storage);
  const path = join(folder, 'registry.yml');
  const lines = [
    'version: 0.1',
    'log: {level: error}',
    `storage: {filesystem: {rootdirectory: ${storage}}}`,
    `http: {addr: "${HOST}"}`,
  ];
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

async function end(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}
