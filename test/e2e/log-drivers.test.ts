import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';
import { needs, proves, run, startEngine, succeed, type TestEngine } from '../harness/index.ts';
import { checkout } from '../house/sources.ts';

/** What is refused at create, and Docker's words for it. */
const REFUSED: ReadonlyArray<readonly [flags: string, words: RegExp]> = [
  ['--log-driver foo', /error looking up logging plugin foo: plugin "foo" not found: use one of .*json-file/],
  ['--log-driver journald --log-opt foo=1', /unknown log opt 'foo' for journald log driver/],
  ['--log-driver gelf', /error looking up logging plugin gelf: plugin "gelf" not found/],
  ['--log-opt foo=1', /unknown log opt 'foo' for json-file log driver/],
  ['--log-driver local --log-opt labels=a', /unknown log opt 'labels' for log driver local/],
  ['--log-opt max-size=abc', /invalid size: 'abc'/],
  ['--log-opt max-size=0', /max-size must be a positive number/],
  ['--log-opt max-file=0', /max-file cannot be less than 1/],
  ['--log-opt max-file=x', /strconv\.Atoi: parsing "x": invalid syntax/],
  [
    '--log-opt compress=true --log-opt max-file=1',
    /compress cannot be true when max-file is less than 2 or max-size is not set/,
  ],
  ['--log-opt compress=foo', /strconv\.ParseBool: parsing "foo": invalid syntax/],
  ['--log-opt mode=foo', /logger: logging mode not supported: foo/],
  ['--log-opt max-buffer-size=1m', /max-buffer-size option is only supported with 'mode=non-blocking'/],
  [
    '--log-opt mode=non-blocking --log-opt max-buffer-size=1q',
    /error parsing option max-buffer-size: invalid size: '1q'/,
  ],
  ['--log-opt tag={{.Foo}}', /can't evaluate {{\.Foo}} in a tag: use {{\.ID}}/],
  ['--log-opt tag={{', /unclosed action/],
  ['--log-opt labels-regex=(', /error parsing regexp/],
  ['--log-driver local --log-opt max-size=x', /invalid value for max-size: x: invalid size: 'x'/],
  [
    '--log-driver local --log-opt max-file=1 --log-opt compress=true',
    /compression cannot be enabled when max file count is 1/,
  ],
];

suite('log drivers', needs('root', 'docker'), () => {
  let engine: TestEngine;
  before(async () => {
    engine = await startEngine({ flags: ['--log-opt', 'max-size=5m', '--log-opt', 'max-file=2'] });
  });
  after(() => engine[Symbol.asyncDispose]());

  const inspect = (name: string, format: string): Promise<string> =>
    succeed(engine.docker('inspect', '-f', format, name));

  for (const [flags, words] of REFUSED) {
    test(`${flags} is refused when the container is made`, async () => {
      const result = await engine.docker('create', ...flags.split(' '), 'busybox', 'true');
      assert.notEqual(result.code, 0);
      assert.match(result.stderr, words);
    });
  }

  test("the engine's own driver and options go to containers that have none of their own", async () => {
    const config = '{{json .HostConfig.LogConfig}}';
    await succeed(engine.docker('create', '--name', 'plain', 'busybox'));
    assert.deepEqual(JSON.parse(await inspect('plain', config)), {
      Type: 'json-file',
      Config: { 'max-file': '2', 'max-size': '5m' },
    });
    await succeed(engine.docker('create', '--name', 'own', '--log-opt', 'max-file=7', 'busybox'));
    assert.deepEqual(JSON.parse(await inspect('own', config)).Config, { 'max-file': '7', 'max-size': '5m' });
    await succeed(engine.docker('create', '--name', 'other', '--log-driver', 'local', 'busybox'));
    assert.deepEqual(JSON.parse(await inspect('other', config)), { Type: 'local', Config: {} });
    assert.match(await inspect('plain', '{{.LogPath}}'), /container\.log$/);
    assert.equal(await succeed(engine.docker('info', '-f', '{{.LoggingDriver}}')), 'json-file');
  });

  test('an engine does not start with options that no driver has', async () => {
    const result = await run(`${checkout}/bin/berthd`, ['--validate', '--log-opt', 'foo=1']);
    assert.notEqual(result.code, 0);
    assert.match(result.stderr, /failed to set log opts: unknown log opt 'foo' for json-file log driver/);
  });

  test('--details shows the labels and variables that were chosen, and the tag', async () => {
    proves('run --log-opt');
    const id = await succeed(
      engine.docker(
        ...['run', '-d', '--name', 'details', '--network', 'none'],
        ...['--label', 'a=b=c', '--label', 'app.x=1,2', '--label', 'not=this', '-e', 'Q=z w', '-e', 'R_1=r'],
        ...['--log-opt', 'labels=a', '--log-opt', 'labels-regex=^app\\.', '--log-opt', 'env=Q'],
        ...['--log-opt', 'env-regex=^R_', '--log-opt', 'tag={{.Name}}/{{.ID}}/{{ .ImageName }}'],
        ...['busybox', 'echo', 'hello'],
      ),
    );
    await succeed(engine.docker('wait', 'details'));
    const tag = encodeURIComponent(`details/${id.slice(0, 12)}/busybox`);
    assert.equal(
      await succeed(engine.docker('logs', '--details', 'details')),
      `Q=z+w,R_1=r,a=b%3Dc,app.x=1%2C2,tag=${tag} hello`,
    );
    assert.match(
      await succeed(engine.docker('logs', '--details', '-t', 'details')),
      /^\d{4}-\S+Z Q=z\+w,\S+ hello$/,
    );
    assert.equal(await succeed(engine.docker('logs', 'details')), 'hello');
  });

  test('mode=non-blocking is taken', async () => {
    const flags = ['--log-opt', 'mode=non-blocking', '--log-opt', 'max-buffer-size=4m'];
    await succeed(
      engine.docker('run', '--name', 'nonblocking', '--network', 'none', ...flags, 'busybox', 'echo', 'x'),
    );
    assert.equal(await succeed(engine.docker('logs', 'nonblocking')), 'x');
  });

  test('journald is refused where there is none', {
    skip: existsSync('/run/systemd/journal/socket') && 'has journald',
  }, async () => {
    const result = await engine.docker('create', '--log-driver', 'journald', 'busybox');
    assert.match(result.stderr, /failed to initialize logging driver: journald is not enabled on this host/);
  });

  test('none takes no log, and attach with logs says so', async () => {
    proves('run --log-driver');
    await succeed(
      engine.docker('run', '-d', '--name', 'none', '--log-driver', 'none', 'busybox', 'sleep', '600'),
    );
    const answer = await engine.request('POST', '/containers/none/attach?logs=1&stdout=1');
    assert.deepEqual(
      [answer.status, answer.json().message],
      [501, 'configured logging driver does not support reading'],
    );
  });
});
