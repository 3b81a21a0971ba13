import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { checkout, sources } from './sources.ts';

const read = (path: string) => readFileSync(join(checkout, path), 'utf8');
const lines = (text: string) => text.trimEnd().split('\n').length;

suite('documents', () => {
  test('no source file is longer than 600 lines', () => {
    const long = sources('src', 'test', 'bench', 'scripts').filter(({ text }) => lines(text) > 600);
    assert.deepEqual(
      long.map(({ path, text }) => `${path}: ${lines(text)} lines`),
      [],
    );
  });

  test('ARCHITECTURE.md has at most 150 lines', () => {
    assert.ok(lines(read('ARCHITECTURE.md')) <= 150);
  });

  // A path is what stands between backquotes and leads into one of the folders of the checkout.
  for (const document of ['README.md', 'SCOPE.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md']) {
    test(`every path that ${document} names is there`, () => {
      const named = [
        ...read(document).matchAll(/`((?:src|test|bench|scripts|images|docs|bin|\.ci)\/[^`\s]*)`/g),
      ];
      const missing = named.map((match) => match[1]!).filter((path) => !isThere(path));
      assert.deepEqual(missing, []);
    });
  }

  test('every npm command that the documents name is in package.json', () => {
    const scripts = Object.keys(JSON.parse(read('package.json')).scripts);
    const text = globSync('*.md', { cwd: checkout }).map(read).join('\n');
    const named = [...text.matchAll(/(?:^|`|&& )npm (?:run )?(\w+)/gm)].map((match) => match[1]!);
    assert.deepEqual(
      named.filter((name) => !scripts.includes(name) && name !== 'ci'),
      [],
    );
  });

  test('every berth command that README.md shows has a file', () => {
    const shown = [
      ...read('README.md').matchAll(
        /^(?:bin\/)?berth (?:container |image |system )?((?:network |volume )?\w+)/gm,
      ),
    ];
    const missing = shown.filter(
      ([, verb]) =>
        globSync(`src/cli/commands/**/${verb!.replace(' ', '-')}.ts`, { cwd: checkout }).length === 0,
    );
    assert.deepEqual(
      missing.map(([line]) => line),
      [],
    );
  });
});

/** Paths may hold patterns: `src/cli/commands/*.ts`. */
function isThere(path: string): boolean {
  return path.includes('*') ? globSync(path, { cwd: checkout }).length > 0 : existsSync(join(checkout, path));
}
