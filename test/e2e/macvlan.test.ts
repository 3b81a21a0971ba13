import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needs, startEngine, succeed } from '../harness/index.ts';
import { OtherHost } from './reach.ts';

const SLEEP = ['busybox', 'sleep', '1000'];

test(
  'containers on a macvlan reach each other and the hosts of the parent’s link',
  needs('root', 'docker'),
  async () => {
    await using engine = await startEngine();
    await using other = new OtherHost();
    for (const mode of ['bridge', 'private']) {
      const network = `lan-${mode}`;
      await succeed(
        engine.docker(
          ...[
            'network',
            'create',
            '-d',
            'macvlan',
            '-o',
            `parent=${other.cable}`,
            '-o',
            `macvlan_mode=${mode}`,
          ],
          ...[
            '--subnet',
            '198.51.100.0/24',
            '--gateway',
            OtherHost.address,
            '--aux-address',
            `host=${OtherHost.hostAddress}`,
            network,
          ],
        ),
      );
      for (const name of ['one', 'two'])
        await succeed(engine.docker('run', '-d', '--name', name, '--network', network, ...SLEEP));
      const address = await succeed(
        engine.docker('inspect', '-f', `{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}`, 'two'),
      );
      const reaches = async (target: string) =>
        (await engine.docker('exec', 'one', 'ping', '-c', '1', '-W', '1', target)).code === 0;
      assert.equal(await reaches(OtherHost.address), true);
      assert.equal(await reaches(address), mode === 'bridge');
      assert.match(
        await succeed(engine.docker('exec', 'one', 'ip', 'route')),
        new RegExp(`default via ${OtherHost.address.replaceAll('.', '\\.')} dev eth0`),
      );
      await engine.kill9();
      await engine.start();
      assert.equal(await reaches(OtherHost.address), true);
      await succeed(engine.docker('rm', '-f', 'one', 'two'));
      await succeed(engine.docker('network', 'rm', network));
    }
  },
);

test('a macvlan without a parent joins its containers and nobody else', needs('root', 'docker'), async () => {
  await using engine = await startEngine();
  await succeed(engine.docker('network', 'create', '-d', 'macvlan', '--internal', 'alone'));
  for (const name of ['one', 'two'])
    await succeed(engine.docker('run', '-d', '--name', name, '--network', 'alone', ...SLEEP));
  const address = await succeed(
    engine.docker('inspect', '-f', '{{.NetworkSettings.Networks.alone.IPAddress}}', 'two'),
  );
  await succeed(engine.docker('exec', 'one', 'ping', '-c', '1', '-W', '1', address));
  assert.doesNotMatch(await succeed(engine.docker('exec', 'one', 'ip', 'route')), /default/);
});

test('modes and parents that are not there are refused', needs('root', 'docker'), async () => {
  await using engine = await startEngine();
  const create = async (...options: string[]) =>
    (await engine.docker('network', 'create', ...options.flatMap((it) => ['-o', it]), '-d', 'macvlan', 'x'))
      .stderr;
  assert.match(await create('macvlan_mode=nonsense'), /macvlan_mode 'nonsense' is not valid/);
  assert.match(await create('parent=nowhere9'), /parent interface nowhere9 does not exist/);
});
