import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { run, succeed } from '../harness/index.ts';

const checkout = resolve(import.meta.dirname, '../..');

for (const name of ['berth', 'berthd']) {
  suite(`bin/${name}`, () => {
    let scratch: string;
    before(() => {
      scratch = mkdtempSync(join(tmpdir(), 'berth-test-'));
    });
    after(() => rmSync(scratch, { recursive: true }));

    const version = (program: string, cwd: string, path = process.env['PATH']) =>
      succeed(run(program, ['--version'], { cwd, env: { ...process.env, PATH: path } }));

    test('runs from any working directory, by any kind of path', async () => {
      const expected = await version(join(checkout, 'bin', name), '/');
      assert.match(expected, /^Berth version /);
      assert.equal(await version(`./bin/${name}`, checkout), expected);
      assert.equal(await version(`bin/${name}`, checkout), expected);
      assert.equal(await version(`./${name}`, join(checkout, 'bin')), expected);
      assert.equal(await version(`../bin/${name}`, join(checkout, 'src')), expected);
      assert.equal(await version(name, '/', `${checkout}/bin:/usr/bin:/bin`), expected);
    });

    test('runs through symlinks to the file, its folder and the checkout', async () => {
      const expected = await version(join(checkout, 'bin', name), '/');
      const links = { file: `bin/${name}`, folder: 'bin', whole: '.' };
      for (const [link, target] of Object.entries(links))
        symlinkSync(join(checkout, target), join(scratch, link));
      assert.equal(await version('./file', scratch), expected);
      assert.equal(await version(join(scratch, 'folder', name), '/'), expected);
      assert.equal(await version(`whole/bin/${name}`, scratch), expected);
    });

    test('runs where the machine has no Node of its own', async () => {
      const bare = join(scratch, 'path');
      mkdirSync(bare);
      await version(join(checkout, 'bin', name), '/', bare);
    });

    test('keeps its arguments from Node', async () => {
      const result = await run(join(checkout, 'bin', name), ['--env-file', '/nope']);
      // Node would say: /path/to/node: /nope: not found
      assert.doesNotMatch(result.stderr, /: not found/);
    });

    test('says how to set up a checkout that is not', async () => {
      const fresh = join(scratch, 'fresh/bin');
      mkdirSync(fresh, { recursive: true });
      cpSync(join(checkout, 'bin', name), join(fresh, name));
      const result = await run(join(fresh, name), ['ps']);
      assert.equal(result.code, 125);
      assert.equal(result.stderr, `${name}: not set up yet: run 'npm start' in ${join(scratch, 'fresh')}\n`);
    });
  });
}

test('the client runs from its bundle, and from its sources when one of them is newer', async () => {
  const scratch = mkdtempSync(join(tmpdir(), 'berth-test-'));
  try {
    for (const folder of ['bin', 'src/api', 'src/cli', 'src/client', 'package.json']) {
      cpSync(join(checkout, folder), join(scratch, folder), { recursive: true });
    }
    symlinkSync(join(checkout, 'node_modules'), join(scratch, 'node_modules'));
    const output = () => succeed(run(join(scratch, 'bin/berth'), ['--version']));
    assert.match(await output(), /^Berth version /);

    mkdirSync(join(scratch, 'build'));
    writeFileSync(join(scratch, 'build/client.cjs'), "exports.main = () => console.log('the bundle');");
    const list = { made: Date.now() + 1_000, files: ['src/cli/main.ts', 'src/api/errors.ts'] };
    writeFileSync(join(scratch, 'build/client.json'), JSON.stringify(list));
    assert.equal(await output(), 'the bundle');

    const later = new Date(list.made + 1_000);
    utimesSync(join(scratch, 'src/api/errors.ts'), later, later);
    assert.match(await output(), /^Berth version /);
  } finally {
    rmSync(scratch, { recursive: true });
  }
});
