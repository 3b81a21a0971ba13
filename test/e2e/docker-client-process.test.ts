import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { needs, proves, type Result, startEngine, succeed, type TestEngine } from '../harness/index.ts';
import { eventually } from './support.ts';

suite('process options of docker run and exec', needs('root', 'docker'), () => {
  let engine: TestEngine;
  before(async () => {
    engine = await startEngine({ flags: ['--add-runtime', 'debugged=/usr/bin/crun'] });
  });
  after(() => engine[Symbol.asyncDispose]());

  const docker = (...args: string[]): Promise<string> => succeed(engine.docker(...args));
  const run = (...args: string[]): Promise<Result> =>
    engine.docker('run', '--rm', '--network', 'none', ...args);
  const sleeper = (name: string, ...flags: string[]): Promise<string> =>
    docker('run', '-d', '--network', 'none', '--name', name, ...flags, 'busybox', 'sleep', '600');
  const inspect = (name: string, field: string): Promise<string> =>
    docker('inspect', '-f', `{{json ${field}}}`, name);
  const remove = (...names: string[]): Promise<string> => docker('rm', '-f', ...names);
  /** The specification that the runtime was given. */
  const spec = (id: string) =>
    JSON.parse(readFileSync(join(engine.identity.execRoot, 'bundles', id, 'config.json'), 'utf8'));

  test('annotations reach the runtime', async () => {
    proves('run --annotation');
    const id = await sleeper('annotated', '--annotation', 'org.example.key=value');
    assert.equal(spec(id).annotations['org.example.key'], 'value');
    assert.equal(await inspect('annotated', '.HostConfig.Annotations'), '{"org.example.key":"value"}');
    await remove('annotated');
  });

  test('labels from a file', async () => {
    proves('run --label-file');
    const file = join(engine.identity.root, 'labels');
    writeFileSync(file, '# a comment\none=1\n');
    await sleeper('labelled', '--label-file', file, '-l', 'two=2');
    assert.equal(await inspect('labelled', '.Config.Labels'), '{"one":"1","two":"2"}');
    await remove('labelled');
  });

  test('ports that are exposed are shown', async () => {
    proves('run --expose');
    await sleeper('exposed', '--expose', '80', '--expose', '9000-9001/udp');
    const ports = JSON.parse(await inspect('exposed', '.Config.ExposedPorts')) as object;
    assert.deepEqual(Object.keys(ports).sort(), ['80/tcp', '9000/udp', '9001/udp']);
    await remove('exposed');
  });

  test('the address of the interface is the one that was asked for', async () => {
    proves('run --mac-address');
    const mac = '92:d0:c6:0a:29:33';
    const show = ['--mac-address', mac, 'busybox', 'cat', '/sys/class/net/eth0/address'];
    assert.equal(await docker('run', '--rm', ...show), mac);
  });

  test('a runtime by name: crun, runc, and those of the configuration', async () => {
    proves('run --runtime');
    for (const runtime of ['crun', 'runc', 'debugged']) {
      assert.equal(await succeed(run('--runtime', runtime, 'busybox', 'echo', runtime)), runtime);
    }
    await sleeper('other', '--runtime', 'runc', '-m', '64m');
    assert.equal(await docker('exec', 'other', 'echo', 'in'), 'in');
    await docker('update', '--pids-limit', '30', 'other');
    await docker('pause', 'other');
    await docker('unpause', 'other');
    assert.equal(await inspect('other', '.HostConfig.Runtime'), '"runc"');
    await remove('other');
  });

  test('the platform is checked against the image’s', async () => {
    proves('run --platform');
    const platform = process.arch === 'arm64' ? 'linux/arm64' : 'linux/amd64';
    const wrong = process.arch === 'arm64' ? 'linux/amd64' : 'linux/arm64';
    assert.equal(await succeed(run('--platform', platform, 'busybox', 'echo', 'right')), 'right');
    const refused = await run('--pull', 'never', '--platform', wrong, 'busybox', 'true');
    assert.equal(refused.code, 125);
    assert.match(refused.stderr, /does not match the specified platform|was found but/);
  });

  test('an image that is not there is not fetched when that is forbidden', async () => {
    proves('run --pull', 'run --quiet');
    assert.equal(await succeed(run('--pull', 'never', '-q', 'busybox', 'echo', 'here')), 'here');
    assert.equal(await succeed(run('--pull', 'missing', 'busybox', 'echo', 'here')), 'here');
    const refused = await run('--pull', 'never', 'no-such', 'true');
    assert.equal(refused.code, 125);
    assert.match(refused.stderr, /No such image: no-such:latest/);
    assert.doesNotMatch(refused.stderr, /Unable to find image/);
  });

  test('restart policies: how often, and until when', async () => {
    proves('run --restart');
    const start = (name: string, policy: string, script: string) =>
      docker(
        'run',
        '-d',
        '--network',
        'none',
        '--name',
        name,
        '--restart',
        policy,
        'busybox',
        'sh',
        '-c',
        script,
      );
    await start('failing', 'on-failure:2', 'exit 3');
    await eventually('it has given up', async () => {
      return (await inspect('failing', '.State.Status')) === '"exited"' && (await count('failing')) === 2;
    });
    assert.equal(await inspect('failing', '.State.ExitCode'), '3');
    await start('fine', 'on-failure', 'exit 0');
    assert.equal(await docker('wait', 'fine'), '0');
    await start('again', 'always', 'sleep 0.1');
    await eventually('it runs again and again', async () => (await count('again')) >= 2);
    await docker('stop', '-t', '0', 'again');
    assert.equal(await inspect('again', '.State.Status'), '"exited"');
    await start('lasting', 'unless-stopped', 'sleep 600');
    await engine.kill9();
    await engine.start();
    assert.equal(await inspect('lasting', '.State.Running'), 'true');
    // This one runs again with the engine, though it was stopped; the others do not.
    assert.notEqual(await inspect('again', '.State.Status'), '"exited"');
    assert.equal(await inspect('fine', '.RestartCount'), '0');
    await remove('failing', 'fine', 'again', 'lasting');
  });
  const count = async (name: string): Promise<number> => Number(await inspect(name, '.RestartCount'));

  test('user namespaces: the host’s, which is the only one', async () => {
    proves('run --userns');
    const map = await succeed(run('--userns', 'host', 'busybox', 'cat', '/proc/self/uid_map'));
    assert.equal(map, readFileSync('/proc/self/uid_map', 'utf8').trimEnd());
    assert.match((await run('--userns', 'private', 'busybox', 'true')).stderr, /invalid USER mode/);
  });

  test('the driver of volumes that are made: the local one', async () => {
    proves('run --volume-driver');
    const volume = ['--volume-driver', 'local', '-v', 'driven:/data'];
    assert.equal(await succeed(run(...volume, 'busybox', 'sh', '-c', 'touch /data/x; ls /data')), 'x');
    assert.equal(await docker('volume', 'inspect', '-f', '{{.Driver}}', 'driven'), 'local');
    await docker('volume', 'rm', 'driven');
  });

  test('isolation: the default, which is the only one', async () => {
    proves('run --isolation');
    assert.equal(await succeed(run('--isolation', 'default', 'busybox', 'echo', 'in')), 'in');
  });

  test('the socket of the engine is mounted where clients look for it', async () => {
    proves('run --use-api-socket');
    // The client asks for the socket where Docker has it, which this machine may not have.
    const result = await engine.docker('create', '--name', 'inner', '--use-api-socket', 'busybox', 'true');
    assert.equal(result.code, 0, result.stderr);
    assert.match(await inspect('inner', '.HostConfig.Mounts'), /"Target":"\/var\/run\/docker\.sock"/);
    await remove('inner');
  });

  test('health checks: times, and none at all', async () => {
    proves(
      'run --health-timeout',
      'run --health-start-period',
      'run --health-start-interval',
      'run --no-healthcheck',
    );
    const interval = ['--health-interval', '1h', '--health-start-interval', '100ms'];
    const slow = ['--health-cmd', 'sleep 600', '--health-timeout', '100ms', '--health-start-period', '1h'];
    await sleeper('slow', ...slow, ...interval);
    const health = () => inspect('slow', '.State.Health');
    // Probes fail by their timeout, often, and do not count.
    const text = await eventually('two probes', async () => {
      const found = await health();
      return found.split('"ExitCode":-1').length > 2 ? found : undefined;
    });
    assert.match(text, /Health check exceeded timeout \(100ms\)/);
    assert.match(text, /"Status":"starting","FailingStreak":0/);
    await remove('slow');
    await sleeper('unchecked', '--no-healthcheck');
    assert.equal(await inspect('unchecked', '.Config.Healthcheck.Test'), '["NONE"]');
    assert.equal(await inspect('unchecked', '.State.Health'), 'null');
    await remove('unchecked');
  });

  test('exec reads variables from a file', async () => {
    proves('exec --env-file');
    const file = join(engine.identity.root, 'exec-env');
    writeFileSync(file, 'FROM_FILE=yes\n# a comment\nBOTH=file\n');
    await sleeper('entered');
    const flags = ['--env-file', file, '-e', 'BOTH=flag'];
    assert.equal(await docker('exec', ...flags, 'entered', 'sh', '-c', 'echo $FROM_FILE $BOTH'), 'yes flag');
    await remove('entered');
  });

  test('detach keys of one’s own for exec, attach and start', async () => {
    proves('exec --detach-keys', 'attach --detach-keys', 'start --detach-keys');
    const keys = ['--detach-keys', 'ctrl-x,y'];
    const leave = async (...args: string[]): Promise<void> => {
      await using terminal = engine.terminal('docker', args);
      await terminal.expect(/\$|#/);
      terminal.write('\x18y');
      await terminal.exit();
      assert.equal(await inspect('keyed', '.State.Running'), 'true');
    };
    await docker('create', '-it', '--name', 'keyed', '--network', 'none', 'busybox', 'sh');
    await leave('start', '-ai', ...keys, 'keyed');
    await leave('exec', '-it', ...keys, 'keyed', 'sh');
    await using attached = engine.terminal('docker', ['attach', ...keys, 'keyed']);
    attached.write('\r');
    await attached.expect(/#/);
    attached.write('\x18y');
    await attached.expect(/read escape sequence/);
    await attached.exit();
    assert.equal(await inspect('keyed', '.State.Running'), 'true');
    await remove('keyed');
  });

  test('attach keeps signals to itself when it is told to', async () => {
    proves('attach --sig-proxy');
    await sleeper('deaf');
    const client = engine.spawn('docker', 'attach', '--sig-proxy=false', 'deaf');
    const ended = new Promise((resolve) => client.once('close', resolve));
    const since = '0';
    const attachments = ['events', '--since', since, '--until', '0s', '--filter', 'event=attach'];
    await eventually('it is attached', async () => (await docker(...attachments)).includes('name=deaf'));
    await eventually('the client is gone', () => {
      client.kill('SIGTERM');
      return client.exitCode !== null || client.signalCode !== null;
    });
    await ended;
    assert.equal(await inspect('deaf', '.State.Running'), 'true');
    await remove('deaf');
  });
});
