import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, suite, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type LogQuery, readLog } from '../../../src/runtime/index.ts';

suite('the log of a container in several files', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'log-'));
    path = join(folder, 'log');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** A line as conmon writes it; `second` is the second of its time and its text. */
  const line = (second: number, stream = 'stdout', end = 'F'): string =>
    `2026-01-02T03:04:${String(second).padStart(2, '0')}.000000001+00:00 ${stream} ${end} ${second}\n`;
  const lines = (...seconds: number[]): string => seconds.map((second) => line(second)).join('');
  const query = (more: Partial<LogQuery> = {}): LogQuery => ({
    ...{ stdout: true, stderr: true, signal: new AbortController().signal },
    ...more,
  });
  const read = async (more?: Partial<LogQuery>): Promise<string> => {
    const texts: string[] = [];
    for await (const { content } of readLog(path, query(more))) texts.push(String(content).trimEnd());
    return texts.join(' ');
  };
  /** Seven lines: two in a compressed file, three in another, two in the one that is written. */
  const three = (): void => {
    writeFileSync(`${path}.9.gz`, gzipSync(lines(1, 2)));
    writeFileSync(`${path}.10`, lines(3, 4, 5));
    writeFileSync(path, lines(6, 7));
  };

  test('is read through all of them, oldest first, whatever their numbers', async () => {
    three();
    writeFileSync(`${path}.11.gz.tmp`, 'half');
    assert.equal(await read(), '1 2 3 4 5 6 7');
  });

  test('the tail reaches into older files, compressed ones too', async () => {
    three();
    const tails = await Promise.all([0, 1, 2, 3, 5, 6, 7, 100].map((tail) => read({ tail })));
    assert.deepEqual(tails, [
      '',
      '7',
      '6 7',
      '5 6 7',
      '3 4 5 6 7',
      '2 3 4 5 6 7',
      '1 2 3 4 5 6 7',
      '1 2 3 4 5 6 7',
    ]);
  });

  test('pieces of a line count as one across files', async () => {
    writeFileSync(`${path}.1`, lines(1) + line(2, 'stdout', 'P'));
    writeFileSync(path, lines(3));
    assert.equal(await read({ tail: 1 }), '2 3');
  });

  test('since and until, across files', async () => {
    three();
    const at = (second: number) => `2026-01-02T03:04:0${second}.000000001Z`;
    assert.equal(await read({ since: at(2), until: at(6) }), '2 3 4 5 6');
    assert.equal(await read({ since: '2999-01-01T00:00:00.000000000Z' }), '');
  });

  test('a file that has just been put aside, with none in its place, is read', async () => {
    writeFileSync(`${path}.1`, lines(1, 2));
    assert.equal(await read(), '1 2');
    assert.equal(await read({ tail: 1 }), '2');
  });

  test('a follower goes on into the files that come, and misses nothing that went into the old one late', async () => {
    writeFileSync(path, lines(1));
    const stopped = Promise.withResolvers<void>();
    const entries = readLog(path, query({ follow: stopped.promise }));
    const next = async () => String((await entries.next()).value?.content).trimEnd();
    assert.equal(await next(), '1');
    renameSync(path, `${path}.1`);
    const late = next();
    appendFileSync(`${path}.1`, lines(2));
    assert.equal(await late, '2');
    appendFileSync(`${path}.1`, lines(3));
    writeFileSync(path, lines(4));
    assert.equal(await next(), '3');
    assert.equal(await next(), '4');
    // Two rotations before it looks again, the first of them compressed, and the oldest gone.
    renameSync(path, `${path}.2`);
    writeFileSync(`${path}.3.gz`, gzipSync(lines(5)));
    rmSync(`${path}.1`);
    writeFileSync(path, lines(6));
    assert.deepEqual([await next(), await next()], ['5', '6']);
    stopped.resolve();
    assert.equal((await entries.next()).done, true);
  });

  test('a follower of a single file goes on into the one that takes its place', async () => {
    writeFileSync(path, lines(1));
    const stopped = Promise.withResolvers<void>();
    const entries = readLog(path, query({ follow: stopped.promise }));
    await entries.next();
    const coming = entries.next();
    writeFileSync(`${path}.tmp`, lines(2));
    renameSync(`${path}.tmp`, path);
    assert.equal(String((await coming).value?.content), '2\n');
    stopped.resolve();
    assert.equal((await entries.next()).done, true);
  });
});
