import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, suite, test } from 'node:test';
import { type LogQuery, readLog } from '../../../src/runtime/index.ts';

const SECOND = '2026-01-02T03:04:';

suite('the log of a container', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'log-'));
    path = join(folder, 'log');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** A line as conmon writes it; `second` is the second of its time. */
  const line = (second: number, text: string, stream = 'stdout', end = 'F'): string =>
    `${SECOND}${String(second).padStart(2, '0')}.000000001+00:00 ${stream} ${end} ${text}\n`;
  const query = (more: Partial<LogQuery> = {}): LogQuery => ({
    ...{ stdout: true, stderr: true, signal: new AbortController().signal },
    ...more,
  });
  const read = async (more?: Partial<LogQuery>): Promise<string[]> => {
    const texts: string[] = [];
    for await (const { content } of readLog(path, query(more))) texts.push(String(content));
    return texts;
  };

  test('each entry has its stream, time and content', async () => {
    writeFileSync(path, line(5, 'out') + line(6, 'err', 'stderr'));
    const entries = [];
    for await (const { stream, timestamp, content } of readLog(path, query()))
      entries.push([stream, timestamp, String(content)]);
    assert.deepEqual(entries, [
      [1, `${SECOND}05.000000001Z`, 'out\n'],
      [2, `${SECOND}06.000000001Z`, 'err\n'],
    ]);
  });

  test('a piece of a line has no newline', async () => {
    writeFileSync(
      path,
      line(1, 'be', 'stdout', 'P') + line(1, 'gun') + line(2, '', 'stdout') + line(3, 'open', 'stdout', 'P'),
    );
    assert.deepEqual(await read(), ['be', 'gun\n', '\n', 'open']);
  });

  test('the tail counts whole lines of the wanted streams', async () => {
    const lines = [
      line(1, 'a'),
      line(2, 'b', 'stderr'),
      line(3, 'c1', 'stdout', 'P'),
      line(3, 'c2'),
      line(4, 'd'),
    ];
    writeFileSync(path, lines.join(''));
    assert.deepEqual(await read({ tail: 0 }), []);
    assert.deepEqual(await read({ tail: 1 }), ['d\n']);
    assert.deepEqual(await read({ tail: 2 }), ['c1', 'c2\n', 'd\n']);
    assert.deepEqual(await read({ tail: 3 }), ['b\n', 'c1', 'c2\n', 'd\n']);
    assert.deepEqual(await read({ tail: 3, stderr: false }), ['a\n', 'c1', 'c2\n', 'd\n']);
    assert.deepEqual((await read({ tail: 100 })).length, 5);
  });

  test('the tail of a log of many blocks', async () => {
    const many = Array.from({ length: 20_000 }, (_, index) => line(1, `number ${index}`));
    writeFileSync(path, many.join(''));
    const tail = await read({ tail: 15_000 });
    assert.deepEqual([tail.length, tail[0], tail.at(-1)], [15_000, 'number 5000\n', 'number 19999\n']);
    assert.equal((await read()).length, 20_000);
  });

  test('since and until', async () => {
    writeFileSync(path, [1, 2, 3, 4].map((second) => line(second, `s${second}`)).join(''));
    const at = (second: number) => `${SECOND}0${second}.000000001Z`;
    assert.deepEqual(await read({ since: at(3) }), ['s3\n', 's4\n']);
    assert.deepEqual(await read({ until: at(2) }), ['s1\n', 's2\n']);
    assert.deepEqual(await read({ since: at(2), until: at(3) }), ['s2\n', 's3\n']);
  });

  test('lines that are none are passed over', async () => {
    writeFileSync(path, `${line(1, 'good')}nonsense\n\n${SECOND}02\n${line(3, 'too')}${SECOND}04.0000`);
    assert.deepEqual(await read(), ['good\n', 'too\n']);
  });

  test('no file is an empty log', async () => {
    assert.deepEqual(await read(), []);
  });

  test('a follower is given what is still written, until the container stops', async () => {
    writeFileSync(path, line(1, 'old'));
    const stopped = Promise.withResolvers<void>();
    const entries = readLog(path, query({ follow: stopped.promise }));
    const next = async () => String((await entries.next()).value?.content);
    assert.equal(await next(), 'old\n');
    const coming = next();
    appendFileSync(path, line(2, 'new'));
    assert.equal(await coming, 'new\n');
    appendFileSync(path, line(3, 'last'));
    stopped.resolve();
    assert.equal(await next(), 'last\n');
    assert.equal((await entries.next()).done, true);
  });

  test('a line that is written in two halves comes once, whole', async () => {
    writeFileSync(path, '');
    const stopped = Promise.withResolvers<void>();
    const entries = readLog(path, query({ follow: stopped.promise }));
    const coming = entries.next();
    const whole = line(1, 'in two halves');
    appendFileSync(path, whole.slice(0, 20));
    appendFileSync(path, whole.slice(20));
    assert.equal(String((await coming).value?.content), 'in two halves\n');
    stopped.resolve();
    assert.equal((await entries.next()).done, true);
  });

  test('a follower that gives up ends at once', async () => {
    writeFileSync(path, '');
    const controller = new AbortController();
    const never = new Promise(() => {});
    const entries = readLog(path, query({ follow: never, signal: controller.signal }));
    const coming = entries.next();
    controller.abort();
    assert.equal((await coming).done, true);
  });
});
