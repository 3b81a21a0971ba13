import assert from 'node:assert/strict';
import { rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { needs, run, startEngine, succeed, type TestEngine } from '../harness/index.ts';
import { eventually } from './support.ts';

const checkout = resolve(import.meta.dirname, '../..');
const DATA = '/var/lib/postgresql/data';

describe('PostgreSQL with its data in a volume', needs('root', 'docker', 'apt-get', 'dpkg-deb'), () => {
  let engine: TestEngine;
  before(async () => {
    engine = await startEngine();
    const archive = join(checkout, 'build/test-images/postgres.tar');
    await succeed(run('sh', [join(checkout, 'scripts/postgres-rootfs'), archive], { timeout: 170_000 }));
    const changes = ['USER postgres', `VOLUME ${DATA}`, `ENV PGDATA=${DATA} PGHOST=/tmp`, 'CMD ["serve"]'];
    await docker('import', ...changes.flatMap((it) => ['-c', it]), archive, 'postgres');
  });
  after(() => engine[Symbol.asyncDispose]());
  const docker = (...args: string[]) => succeed(engine.docker(...args));
  const serve = (name: string, volume: string) =>
    docker('run', '-d', '--name', name, '--network', 'none', '-v', `${volume}:${DATA}`, 'postgres');
  const ask = (name: string, sql: string) =>
    engine.docker('exec', name, 'psql', '-qAt', '-d', 'postgres', '-c', sql);
  const sql = (name: string, text: string) => succeed(ask(name, text));
  const ready = (name: string) =>
    eventually(
      `${name} answers`,
      async () => {
        if ((await ask(name, 'select 1')).code === 0) return true;
        const status = await docker('inspect', '-f', '{{.State.Status}}', name);
        assert.equal(status, 'running', (await engine.docker('logs', name)).stderr);
        return false;
      },
      60_000,
    );

  test('the rows of a server that was killed and removed are there for the next one', async () => {
    await serve('first', 'rows');
    await ready('first');
    const { uid, mode } = statSync(join(engine.identity.dataRoot, 'volumes/rows/_data'));
    assert.deepEqual([uid, mode & 0o777], [70, 0o700], 'as the image has its folder');
    await sql('first', 'create table rows as select n, md5(n::text) as text from generate_series(1, 5000) n');
    const before = await sql('first', 'select count(*), md5(string_agg(text, $$$$ order by n)) from rows');
    await docker('kill', 'first');
    await docker('rm', '-v', 'first');
    await serve('second', 'rows');
    await ready('second');
    assert.equal(
      await sql('second', 'select count(*), md5(string_agg(text, $$$$ order by n)) from rows'),
      before,
    );

    // The engine goes down the hard way; the server does not notice.
    await engine.kill9();
    await engine.start();
    assert.equal(await sql('second', 'select count(*) from rows'), '5000');
    await docker('rm', '-fv', 'second');
  });

  test('a clone that is made while it writes is a database that works', async () => {
    await serve('busy', 'rows');
    await ready('busy');
    await sql('busy', 'create table log (n int primary key)');
    const writing = ask(
      'busy',
      'do $$ begin for n in 1..1000000 loop insert into log values (n); commit; end loop; end $$',
    );
    await eventually(
      'it writes',
      async () => Number(await sql('busy', 'select count(*) from log')) > 500,
      60_000,
    );
    await succeed(engine.berth('volume', 'clone', 'rows', 'copy'));
    const later = Number(await sql('busy', 'select count(*) from log'));
    await serve('cloned', 'copy');
    await ready('cloned');
    const [count, last] = (await sql('cloned', 'select count(*), max(n) from log')).split('|').map(Number);
    assert.ok(count! >= 500 && count! <= later, `${count} of ${later}`);
    assert.equal(count, last, 'no row is missing before the last');
    assert.equal(await sql('cloned', 'select count(*) from rows'), '5000');
    await docker('rm', '-f', 'busy', 'cloned');
    await writing;
    await docker('volume', 'rm', 'rows', 'copy');
  });

  test('an exported database works where it is imported', async () => {
    await serve('original', 'one');
    await ready('original');
    await sql('original', "create table words as select 'kept' as word");
    const file = join(engine.identity.root, 'database.tar');
    await succeed(engine.berth('volume', 'export', '-o', file, 'one'));
    await succeed(engine.berth('volume', 'import', 'two', file));
    rmSync(file);
    await serve('imported', 'two');
    await ready('imported');
    assert.equal(await sql('imported', 'select word from words'), 'kept');
    await docker('rm', '-f', 'original', 'imported');
  });
});
