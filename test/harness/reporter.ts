import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { compose, Readable } from 'node:stream';
import type { TestEvent } from 'node:test/reporters';
import { spec } from 'node:test/reporters';

const checkout = resolve(import.meta.dirname, '../..');
/** The test files of the last run in which something failed, a line each; not there when all went well. */
const FAILED_FILES = resolve(checkout, 'build/failed-tests');

/** The runner's own `spec` report, which also names every skipped test just before its closing counts. */
export default async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const events = notingFailures(namingSkips(source));
  for await (const chunk of compose(Readable.from(events), new spec())) yield String(chunk);
}

async function* notingFailures(source: AsyncIterable<TestEvent>): AsyncGenerator<TestEvent> {
  rmSync(FAILED_FILES, { force: true });
  const files = new Set<string>();
  for await (const event of source) {
    if (event.type === 'test:fail' && event.data.file !== undefined) {
      files.add(relative(checkout, event.data.file));
      mkdirSync(dirname(FAILED_FILES), { recursive: true });
      writeFileSync(FAILED_FILES, [...files, ''].join('\n'));
    }
    yield event;
  }
}

async function* namingSkips(source: AsyncIterable<TestEvent>): AsyncGenerator<TestEvent> {
  const skipped: string[] = [];
  let counting = false;
  for await (const event of source) {
    if (event.type === 'test:pass' && event.data.skip !== undefined && event.data.skip !== false) {
      const why = event.data.skip === true ? '' : ` (${event.data.skip})`;
      skipped.push(`${event.data.name}${why}`);
    }
    if (
      event.type === 'test:diagnostic' &&
      event.data.nesting === 0 &&
      event.data.message.startsWith('tests ')
    ) {
      if (!counting) for (const name of skipped) yield diagnostic(event, `not run: ${name}`);
      counting = true;
    }
    yield event;
  }
}

function diagnostic(like: Extract<TestEvent, { type: 'test:diagnostic' }>, message: string): TestEvent {
  return { type: 'test:diagnostic', data: { ...like.data, message } };
}
