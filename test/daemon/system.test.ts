import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { hostname, release, totalmem } from 'node:os';
import { after, before, suite, test } from 'node:test';
import { BERTH_VERSION } from '../../src/api/index.ts';
import { succeed } from '../harness/command.ts';
import { needs, startEngine, type TestEngine } from '../harness/index.ts';
import { eventually, RawClient } from './toy.ts';

suite('the engine about itself', needs('root'), () => {
  let engine: TestEngine;
  before(async () => {
    engine = await startEngine({
      images: [],
      flags: ['--label', 'tier=test', '--insecure-registry', 'r.example:5000'],
    });
  });
  after(() => engine[Symbol.asyncDispose]());

  const get = (path: string, headers = {}) => engine.request('GET', path, { headers });
  const reload = () => process.kill(engine.pid!, 'SIGHUP');

  test('ping', async () => {
    for (const path of ['/_ping', '/v1.30/_ping']) {
      const answer = await get(path);
      assert.deepEqual([answer.status, answer.text], [200, 'OK']);
      assert.equal(answer.headers['content-type'], 'text/plain; charset=utf-8');
      assert.equal(answer.headers['cache-control'], 'no-cache, no-store, must-revalidate');
      assert.equal(answer.headers.pragma, 'no-cache');
      assert.equal(answer.headers['builder-version'], '2');
      assert.equal(answer.headers.swarm, 'inactive');
      assert.equal(answer.headers['api-version'], '1.55');
    }
    const head = await engine.request('HEAD', '/_ping');
    assert.deepEqual([head.status, head.text, head.headers['content-length']], [200, '', '0']);
  });

  test('version', async () => {
    const version = (await get('/version')).json();
    assert.equal(version.Version, BERTH_VERSION);
    assert.deepEqual([version.ApiVersion, version.MinAPIVersion, version.Os], ['1.55', '1.24', 'linux']);
    assert.equal(version.KernelVersion, release());
    const names = version.Components.map(({ Name }: { Name: string }) => Name);
    assert.deepEqual(names, ['Engine', 'crun', 'conmon']);
    assert.equal(version.Components[0].Details.MinAPIVersion, '1.24');
    assert.match(version.Components[1].Version, /^\d+\.\d+/);
  });

  test('info', async () => {
    const info = (await get('/info')).json();
    assert.equal(info.Name, hostname());
    assert.equal(info.MemTotal, totalmem());
    assert.equal(info.DockerRootDir, engine.identity.dataRoot);
    assert.deepEqual(info.Labels, ['tier=test']);
    assert.equal(info.CgroupVersion, existsSync('/sys/fs/cgroup/cgroup.controllers') ? '2' : '1');
    assert.deepEqual([info.Driver, info.CgroupDriver, info.DefaultRuntime], ['overlay2', 'cgroupfs', 'crun']);
    assert.deepEqual(Object.keys(info.Runtimes).sort(), ['crun', 'runc']);
    assert.deepEqual([info.Containers, info.Images], [0, 0]);
    assert.equal(info.Swarm.LocalNodeState, 'inactive');
    assert.equal(info.RegistryConfig.IndexConfigs['r.example:5000'].Secure, false);
    for (const limit of ['MemoryLimit', 'CpuCfsQuota', 'CPUShares', 'PidsLimit'])
      assert.equal(info[limit], true, limit);
    assert.equal(info.BridgeNfIptables, undefined);
    assert.equal(typeof (await get('/v1.49/info')).json().BridgeNfIptables, 'boolean');
  });

  test('swarms and plugins are not here', async () => {
    const refusals = [
      ['GET', '/swarm'],
      ['POST', '/swarm/init'],
      ['GET', '/nodes'],
      ['GET', '/services/x/logs'],
      ['POST', '/secrets/create'],
      ['DELETE', '/configs/x'],
    ] as const;
    for (const [method, path] of refusals) {
      const answer = await engine.request(method, path);
      assert.equal(answer.status, 503, path);
      assert.match(answer.json().message, /^This node is not a swarm manager\. Use "docker swarm init"/);
    }
    assert.deepEqual((await get('/plugins')).json(), []);
  });

  test('events come as they happen, in the form that the client asks for', async () => {
    const forms = [
      ['/v1.51/events', '', 'application/json', '{"Type":"daemon"'],
      ['/v1.52/events', '', 'application/jsonl', '{"Type":"daemon"'],
      ['/events', 'application/x-ndjson', 'application/x-ndjson', '{"Type":"daemon"'],
      ['/events', 'application/json-seq', 'application/json-seq', '\x1e{"Type":"daemon"'],
    ];
    for (const [path, accept, type, line] of forms) {
      using client = new RawClient(engine.socket);
      client.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nAccept: ${accept}\r\n\r\n`);
      assert.match(await client.until('\r\n\r\n'), new RegExp(`Content-Type: ${type}\r\n`));
      reload();
      await client.until(line!);
      await client.until('\n');
    }
  });

  test('events of the past are given between since and until', async () => {
    const since = Date.now() / 1000;
    reload();
    const past = (until: number, filters = {}) =>
      get(`/events?since=${since}&until=${until}&filters=${encodeURIComponent(JSON.stringify(filters))}`);
    let answer = await past(Date.now() / 1000);
    for (let tries = 0; tries < 1000 && answer.text === ''; tries++) answer = await past(Date.now() / 1000);
    const events = answer.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.deepEqual(
      events.map(({ Type, Action, scope, Actor }) => [Type, Action, scope, Actor.Attributes.name]),
      [['daemon', 'reload', 'local', hostname()]],
    );
    assert.match(answer.text, /"timeNano":\d{19}\b/);
    assert.equal((await past(Date.now() / 1000, { type: ['image'] })).text, '');
    assert.equal((await past(since - 1)).status, 400);
    assert.equal((await get('/events?since=yesterday')).status, 400);
    assert.equal((await get('/events?filters=nonsense')).status, 400);
  });

  test('a reader that has gone is forgotten', async () => {
    const listeners = async () => (await get('/info')).json().NEventsListener as number;
    using client = new RawClient(engine.socket);
    client.write('GET /events HTTP/1.1\r\nHost: x\r\n\r\n');
    await client.until('\r\n\r\n');
    assert.equal(await listeners(), 1);
    client.socket.destroy();
    for (let tries = 0; tries < 100 && (await listeners()) > 0; tries++);
    assert.equal(await listeners(), 0);
  });

  suite('docker', needs('docker'), () => {
    test('shows version and info without a warning', async () => {
      const version = await engine.docker(
        'version',
        '--format',
        '{{.Server.Version}} {{.Server.APIVersion}}',
      );
      assert.deepEqual([version.stdout.trim(), version.stderr], [`${BERTH_VERSION} 1.55`, '']);
      const info = await engine.docker('info');
      assert.equal(info.code, 0);
      assert.match(info.stdout, /Server Version: /);
      assert.doesNotMatch(info.stdout + info.stderr, /ERROR/);
    });

    test('speaks the oldest version that it knows', async () => {
      const result = await engine.client('docker', ['info', '--format', '{{.Driver}}'], {
        env: { DOCKER_API_VERSION: '1.24' },
      });
      assert.deepEqual([result.code, result.stdout], [0, 'overlay2\n']);
    });

    test('follows events', async () => {
      const child = engine.spawn(
        'docker',
        'events',
        '--format',
        '{{.Type}} {{.Action}}',
        '--filter',
        'type=daemon',
      );
      let output = '';
      child.stdout!.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
      for (let tries = 0; tries < 50 && output === ''; tries++) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        reload();
      }
      child.kill();
      assert.match(output, /^daemon reload\n/);
    });
  });

  test('dockerode asks for version, info and events', async () => {
    const docker = engine.dockerode;
    assert.equal((await docker.version()).ApiVersion, '1.55');
    assert.equal((await docker.info()).OSType, 'linux');
    const stream = await docker.getEvents({ filters: { type: ['daemon'] } });
    let output = '';
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    reload();
    await eventually(() => output.includes('"Action":"reload"'));
    (stream as unknown as { destroy(): void }).destroy();
  });

  test('the client of the checkout shows the version', async () => {
    assert.match(
      await succeed(engine.berth('version')),
      new RegExp(`Version:\\s+${BERTH_VERSION.replaceAll('.', '\\.')}`),
    );
  });
});
