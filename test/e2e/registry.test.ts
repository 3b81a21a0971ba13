import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { needs, startEngine, succeed, type TestEngine } from '../harness/index.ts';
import { startDockerRegistry, type TestRegistry } from '../registry/docker-registry.ts';

const LOGIN = 'ada:s3cret:with colon';

suite('both clients and a registry with users and TLS', needs('root', 'docker', 'docker-registry'), () => {
  let engine: TestEngine;
  let open: TestRegistry;
  let closed: TestRegistry;
  let certificates: string;
  before(async () => {
    engine = await startEngine();
    open = await startDockerRegistry();
    closed = await startDockerRegistry({ login: LOGIN, tls: true });
    certificates = `/etc/berth/certs.d/${closed.host}`;
    mkdirSync(certificates, { recursive: true });
    writeFileSync(join(certificates, 'ca.crt'), closed.authority);
  });
  after(async () => {
    rmSync(certificates, { recursive: true, force: true });
    await engine[Symbol.asyncDispose]();
    await open[Symbol.asyncDispose]();
    await closed[Symbol.asyncDispose]();
  });

  for (const name of ['docker', 'berth'] as const) {
    const client = (...args: string[]) => succeed(engine.client(name, args));
    const refusal = async (...args: string[]) => {
      const result = await engine.client(name, args);
      assert.notEqual(result.code, 0, result.stdout);
      return result.stderr;
    };

    test(`${name}: push, remove, pull and run`, async () => {
      const image = `${open.host}/${name}/app:1`;
      await client('tag', 'busybox', image);
      const pushed = (await client('push', image)).split('\n');
      assert.equal(pushed[0], `The push refers to repository [${open.host}/${name}/app]`);
      assert.match(pushed.at(-1)!, /^1: digest: sha256:[0-9a-f]{64} size: \d+$/);
      await client('rmi', image);
      const pulled = (await client('pull', image)).split('\n');
      assert.equal(pulled[0], `1: Pulling from ${name}/app`);
      assert.deepEqual(pulled.slice(-2), [`Status: Downloaded newer image for ${image}`, image]);
      await client('rmi', image);
      const ran = await engine.client(name, ['run', '--rm', image, 'echo', 'hello']);
      assert.equal(ran.stdout, 'hello\n');
      assert.match(ran.stderr, /Unable to find image .* locally\n/);
      assert.match(ran.stderr, /Status: Downloaded newer image/);
      assert.equal(await client('pull', '-q', image), image);
      assert.equal(await client('push', '-q', image), image);
      assert.match(await client('run', '--rm', '--pull', 'always', image, 'echo', 'again'), /^again$/m);
      await client('rmi', image);
      assert.match(await refusal('run', '--rm', '--pull', 'never', image), /No such image/);
    });

    test(`${name}: all tags, the default tag, and what is not there`, async () => {
      const repository = `${open.host}/${name}/many`;
      for (const tag of ['latest', '2']) await client('tag', 'busybox', `${repository}:${tag}`);
      assert.match(await client('push', repository), /^Using default tag: latest\n/);
      await client('push', '-a', repository);
      await client('rmi', `${repository}:2`, repository);
      assert.match(await client('pull', '-a', repository), /Status: Downloaded newer image for .*\/many\n/);
      assert.equal((await client('images', '-q', repository)).split('\n').length, 2);
      assert.match(
        await refusal('pull', `${repository}:3`),
        /manifest for .*many:3 not found: manifest unknown/,
      );
      assert.match(await refusal('push', `${repository}:3`), /tag does not exist: .*many:3/);
    });

    test(`${name}: login, use and logout`, async () => {
      const image = `${closed.host}/${name}/private:1`;
      await client('tag', 'busybox', image);
      assert.match(await refusal('push', image), /no basic auth credentials/);
      const login = (password: string) =>
        engine.client(name, ['login', '-u', 'ada', '--password-stdin', closed.host], { input: password });
      const wrong = await login('wrong');
      assert.equal(wrong.code, 1);
      assert.match(wrong.stderr, /401 Unauthorized/);
      const right = await login('s3cret:with colon\n');
      assert.equal(right.code, 0, right.stderr);
      assert.match(right.stdout, /^Login Succeeded$/m);
      assert.match(right.stderr, /stored unencrypted/);
      await client('push', image);
      await client('rmi', image);
      await client('pull', image);
      assert.match(await client('logout', closed.host), /^Removing login credentials for /);
      assert.match(await refusal('pull', image), /no basic auth credentials/);
      // Once more does no harm.
      await client('logout', closed.host);
    });

    test(`${name}: credential helpers`, async () => {
      const folder = join(engine.identity.root, `helper-${name}`);
      mkdirSync(folder);
      const helper = `#!/bin/sh
read -r line
echo "$1 $line" >>${folder}/calls
case $1 in
  store) echo "$line" >${folder}/kept ;;
  get) [ -e ${folder}/kept ] && cat ${folder}/kept || { echo credentials not found in native keychain; exit 1; } ;;
  erase) rm -f ${folder}/kept ;;
  list) echo '{}' ;;
esac
`;
      writeFileSync(join(folder, 'docker-credential-test'), helper, { mode: 0o755 });
      writeFileSync(join(folder, 'config.json'), '{"credsStore":"test","other":{"kept":true}}');
      const env = { PATH: `${folder}:${process.env['PATH']}`, DOCKER_CONFIG: folder };
      const run = (args: string[], input?: string) =>
        engine.client(name, args, { env, ...(input ? { input } : {}) });
      const image = `${closed.host}/${name}/helped:1`;
      await client('tag', 'busybox', image);
      const [user = '', ...password] = LOGIN.split(':');
      await succeed(run(['login', '-u', user, '--password-stdin', closed.host], password.join(':')));
      assert.match(readFileSync(join(folder, 'kept'), 'utf8'), /"Username":"ada"/);
      const config = readFileSync(join(folder, 'config.json'), 'utf8');
      assert.doesNotMatch(config, /s3cret/);
      // The official client keeps only what it knows.
      if (name === 'berth') assert.match(config, /"kept": ?true/);
      await succeed(run(['push', image]));
      await succeed(run(['logout', closed.host]));
      assert.match((await run(['pull', image])).stderr, /no basic auth credentials/);
    });

    test(`${name}: a certificate of an unknown authority`, async () => {
      await using other = await startDockerRegistry({ tls: true });
      // On this machine any certificate will do, as with Docker; by its other name it will not.
      const name = other.host.replace('127.0.0.1', 'localhost.localdomain');
      assert.match(await refusal('pull', `${name}/app`), /no such host|x509/);
    });
  }
});
