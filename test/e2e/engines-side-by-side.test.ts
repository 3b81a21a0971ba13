import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { suite, test } from 'node:test';
import { needs, run, startEngine, succeed, type TestEngine } from '../harness/index.ts';
import { create, execScript, expectStatus, inspect, isAlive, list, start } from './support.ts';

suite('two engines side by side', needs('root'), () => {
  test('share nothing, and one that is killed and cleaned away goes unnoticed by the other', async () => {
    await using stays = await startEngine();
    const [id, ended] = [await bridged(stays, 'web'), await create(stays, { name: 'made' })];
    const { Pid } = (await inspect(stays, id)).State;
    const before = traces(stays);
    assert.ok(before.tables.length === 1 && before.cgroups.length > 0 && before.links.length === 1);

    const goes = await startEngine();
    try {
      // The same name, for names are each engine's own.
      const twin = await bridged(goes, 'web');
      assert.deepEqual(overlap(traces(stays), traces(goes)), []);
      const [one, other] = [await inspect(stays, id), await inspect(goes, twin)];
      assert.notEqual(
        one.NetworkSettings.Networks.bridge.IPAddress,
        other.NetworkSettings.Networks.bridge.IPAddress,
      );
      assert.deepEqual((await list(stays)).map((it) => it.id).sort(), [id, ended].sort());
      expectStatus(await goes.request('GET', `/containers/${id}/json`), 404);
      assert.notEqual(await identityOf(stays), await identityOf(goes));

      const images = await goes.request('DELETE', '/images/busybox?force=1');
      assert.ok([200, 409].includes(images.status), images.text);
      await goes.kill9();
      await goes.start();
      assert.equal(await execScript(goes, twin, 'echo mine'), 'mine');
    } finally {
      await goes[Symbol.asyncDispose]();
    }

    assert.deepEqual(traces(stays), before);
    assert.ok(isAlive(Pid));
    assert.equal(await execScript(stays, id, 'echo untouched'), 'untouched');
    const client = await stays.docker(
      'run',
      '--rm',
      'busybox',
      'wget',
      '-qO-',
      `http://${(await inspect(stays, id)).NetworkSettings.Networks.bridge.IPAddress}`,
    );
    assert.equal(client.stdout.trim(), 'hello', client.stderr);
    await stays.restart();
    assert.deepEqual(traces(stays), before);
    assert.equal(await execScript(stays, id, 'echo untouched'), 'untouched');
  });

  test("start and stop containers at the same time without getting in each other's way", async () => {
    await using one = await startEngine();
    await using other = await startEngine();
    await Promise.all(
      [one, other].flatMap((engine) =>
        Array.from({ length: 10 }, async (_, index) => {
          const text = `${index} of ${engine.identity.bridge}`;
          assert.equal(await succeed(engine.docker('run', '--rm', 'busybox', 'echo', text)), text);
        }),
      ),
    );
    assert.deepEqual(await one.leftovers(), []);
    assert.deepEqual(await other.leftovers(), []);
  });

  test('an engine does not take a bridge that another one has', async () => {
    await using engine = await startEngine({ images: [] });
    const { root, bridge, bip } = engine.identity;
    const berthd = resolve(import.meta.dirname, '../../bin/berthd');
    const folders = ['--data-root', join(root, 'data2'), '--exec-root', join(root, 'run2')];
    const others = ['--host', `unix://${root}/other.sock`, '--pidfile', join(root, 'other.pid')];
    const result = await run(berthd, [...folders, ...others, '--bridge', bridge, '--bip', bip]);
    assert.equal(result.code, 1);
    assert.match(result.stderr, new RegExp(`interface ${bridge} belongs to another engine`));
    assert.equal((await engine.request('GET', '/_ping')).status, 200);
    assert.deepEqual(await engine.leftovers(), []);
  });
});

/** A web server on the default bridge. */
function bridged(engine: TestEngine, name: string): Promise<string> {
  const script = 'mkdir /www && echo hello > /www/index.html && exec httpd -f -p 80 -h /www';
  return start(engine, { name, cmd: ['sh', '-c', script], host: { NetworkMode: 'bridge' } });
}

async function identityOf(engine: TestEngine): Promise<string> {
  return ((await engine.request('GET', '/info')).json() as { ID: string }).ID;
}

/** What an engine has on the machine, by names that another must not have as well. */
interface Traces {
  readonly tables: string[];
  readonly cgroups: string[];
  readonly links: string[];
  readonly mounts: string[];
  readonly addresses: string[];
}

function traces(engine: TestEngine): Traces {
  const { bridge, cgroupParent, root } = engine.identity;
  const links = JSON.parse(
    execFileSync('ip', ['-json', 'link', 'show', 'master', bridge], { encoding: 'utf8' }),
  ) as { ifname: string }[];
  const addresses = JSON.parse(
    execFileSync('ip', ['-json', 'address', 'show', 'dev', bridge], { encoding: 'utf8' }),
  ) as { addr_info: { local: string; family: string }[] }[];
  const tables = execFileSync('nft', ['list', 'tables'], { encoding: 'utf8' }).trim().split('\n');
  const mentions = (table: string) => {
    // Another test's table may be gone by now.
    const list = spawnSync('nft', ['list', 'table', ...table.split(' ').slice(1)], { encoding: 'utf8' });
    return list.status === 0 && list.stdout.includes(bridge);
  };
  return {
    tables: tables.filter((line) => line.includes('berth') && mentions(line)),
    cgroups: globSync([`/sys/fs/cgroup/*${cgroupParent}/*/`, `/sys/fs/cgroup${cgroupParent}/*/`]).sort(),
    links: links.map(({ ifname }) => ifname),
    mounts: readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .map((line) => line.split(' ')[4] ?? '')
      .filter((path) => path.startsWith(root)),
    addresses: addresses.flatMap((it) => it.addr_info.filter((a) => a.family === 'inet').map((a) => a.local)),
  };
}

function overlap(one: Traces, other: Traces): string[] {
  const all = (it: Traces) => [...it.tables, ...it.cgroups, ...it.links, ...it.mounts, ...it.addresses];
  return all(one).filter((name) => all(other).includes(name));
}
