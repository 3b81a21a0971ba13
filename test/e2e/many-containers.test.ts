import assert from 'node:assert/strict';
import { globSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { needs, startEngine, type TestEngine } from '../harness/index.ts';
import { memoryOf, PROBE_OPTIONS } from './memory-probe.ts';
import { create, exec, expectStatus, inspect, remove, wait } from './support.ts';

const CONTAINERS = 200;
const IN_FLIGHT = 8;
/** MiB that the engine may keep more at the end than in the middle: compiled code, mostly. */
const HEAP_SLACK = 3;
const RSS_SLACK = 12;
const DESCRIPTOR_SLACK = 4;

suite('many containers', needs('root'), () => {
  test(`${CONTAINERS}, ${IN_FLIGHT} at a time, leave nothing, neither on the machine nor in the engine`, async (t) => {
    process.env['NODE_OPTIONS'] = PROBE_OPTIONS;
    await using engine = await startEngine();
    delete process.env['NODE_OPTIONS'];
    const begin = performance.now();
    await lives(engine, 0, CONTAINERS / 2);
    const middle = { ...(await memoryOf(engine)), descriptors: descriptors(engine) };
    await lives(engine, CONTAINERS / 2, CONTAINERS);
    const seconds = (performance.now() - begin) / 1000;
    assert.deepEqual(await engine.leftovers(), []);
    assert.deepEqual(globSync(join(engine.identity.dataRoot, '**/*.log')), []);
    const end = { ...(await memoryOf(engine)), descriptors: descriptors(engine) };
    const figures = `${JSON.stringify(middle)}, then ${JSON.stringify(end)}`;
    t.diagnostic(`${CONTAINERS} containers in ${seconds.toFixed(1)} s: ${figures}`);
    assert.ok(end.heap - middle.heap < HEAP_SLACK, figures);
    assert.ok(end.external - middle.external < HEAP_SLACK, figures);
    assert.ok(end.rss - middle.rss < RSS_SLACK, figures);
    assert.ok(end.descriptors - middle.descriptors <= DESCRIPTOR_SLACK, figures);
    assert.deepEqual(errors(engine), []);
  });

  test('names, addresses and IDs are never given twice, and come free again', async () => {
    await using engine = await startEngine();
    for (let round = 0; round < 3; round++) {
      const ids = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          create(engine, { name: `same-${index}`, host: { NetworkMode: 'bridge' } }),
        ),
      );
      await Promise.all(
        ids.map(async (id) => expectStatus(await engine.request('POST', `/containers/${id}/start`), 204)),
      );
      const given = await Promise.all(
        ids.map(async (id) => (await inspect(engine, id)).NetworkSettings.Networks.bridge.IPAddress),
      );
      assert.equal(new Set(given).size, ids.length);
      await Promise.all(ids.map((id) => remove(engine, id)));
    }
    assert.deepEqual(await engine.leftovers(), []);
  });
});

/** Lets containers `from` to `to` live their whole lives. */
async function lives(engine: TestEngine, from: number, to: number): Promise<void> {
  let next = from;
  const worker = async () => {
    for (let number = next++; number < to; number = next++) await live(engine, number);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
}

/** One container: created, started, exec'ed in, ended in one of several ways, and removed. */
async function live(engine: TestEngine, number: number): Promise<void> {
  const id = await create(engine, {
    name: `life-${number}`,
    cmd: ['sh', '-c', 'trap "exit 7" TERM; echo begun; while :; do sleep 0.05; done'],
    host: { NetworkMode: number % 4 === 0 ? 'none' : 'bridge' },
  });
  expectStatus(await engine.request('POST', `/containers/${id}/start`), 204);
  const outcome = await exec(engine, id, ['sh', '-c', `echo "exec ${number}"; exit 5`]);
  assert.deepEqual(outcome, { code: 5, stdout: `exec ${number}\n`, stderr: '' });
  if (number % 3 === 0) {
    expectStatus(await engine.request('POST', `/containers/${id}/stop?t=10`), 204);
    assert.equal(await wait(engine, id), 7);
  } else if (number % 3 === 1) {
    expectStatus(await engine.request('POST', `/containers/${id}/kill`), 204);
    assert.equal(await wait(engine, id), 137);
  }
  await remove(engine, id);
}

function descriptors(engine: TestEngine): number {
  return readdirSync(`/proc/${engine.pid}/fd`).length;
}

/** Lines of the engine's log that tell of a failure. */
function errors(engine: TestEngine): string[] {
  return engine.log.split('\n').filter((line) => /level=(error|fatal|warn)|"level":"(error|warn)/.test(line));
}
