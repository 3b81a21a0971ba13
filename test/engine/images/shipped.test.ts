import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { lstatSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type ImagePlan, imageArchive } from '../../../scripts/images/archive.ts';
import { busyboxFiles } from '../../../scripts/images/busybox.ts';
import { greeter } from '../../../scripts/images/greeter.ts';
import { file } from '../../layers/fixtures.ts';
import { chunks, openImages } from './fixtures.ts';

const images = join(import.meta.dirname, '../../../images');
const plan = (name: string, files: ImagePlan['files']): ImagePlan => ({
  name: `docker.io/library/${name}:latest`,
  files,
  config: { Cmd: ['x'] },
  step: 'test',
});

describe('the shipped images', () => {
  test('are the same bytes for the same sources', async () => {
    const make = () => imageArchive(plan('a', [file('x', 'content')]));
    assert.deepEqual(await make(), await make());
  });

  test('hello-world holds a program of a few hundred bytes that greets', async () => {
    await using own = await openImages();
    const greeting = readFileSync(join(images, 'hello-world/greeting.txt'));
    const files = [{ entry: { name: 'hello', mode: 0o755 }, body: greeter(greeting) }];
    await own.images.load(chunks(await imageArchive(plan('hello-world', files))));
    const program = join(own.images.get('hello-world').layers[0]!, 'hello');
    assert.ok(statSync(program).size < 1024);
    const text = execFileSync(program);
    assert.deepEqual(text, greeting);
    assert.equal(text.toString().split('\n')[0], 'Hello from Berth!');
  });

  test('the greeting program exists for both architectures and says so in its header', () => {
    const machineOf = (architecture: string) => greeter(Buffer.from('hi'), architecture).readUInt16LE(18);
    assert.deepEqual([machineOf('x64'), machineOf('arm64')], [62, 183]);
    assert.throws(() => greeter(Buffer.from('hi'), 'mips'));
  });

  test('busybox holds all applets as links to one program, and the files that programs expect', async () => {
    await using own = await openImages();
    await own.images.load(chunks(await imageArchive(plan('busybox', busyboxFiles(join(images, 'busybox'))))));
    const at = (name: string) => lstatSync(join(own.images.get('busybox').layers[0]!, name));
    assert.equal(at('bin/sh').ino, at('bin/busybox').ino);
    assert.equal(at('tmp').mode & 0o7777, 0o1777);
    assert.equal(at('root').mode & 0o7777, 0o700);
    assert.equal(at('etc/shadow').mode & 0o7777, 0o600);
    assert.ok(at('usr/bin/env').isSymbolicLink());
    for (const name of ['passwd', 'group', 'nsswitch.conf']) assert.ok(at(`etc/${name}`).isFile());
  });
});
