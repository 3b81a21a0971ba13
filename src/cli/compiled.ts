/**
 * Where the compiled client, `build/berth`, begins. It is a program of its own, which starts in half the time that Node
 * needs; when a source is newer than it, it steps aside for Node and the sources.
 */
import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { main } from './main.ts';

/** The checkout, of which the program's own path is `build/berth`. */
const root = `${dirname(dirname(process.execPath))}/`;
const args = process.argv.slice(2);

if (isCurrent()) void main(args);
else runSources();

/** Whether no file that went into the program has changed since; `build/client.json` lists them. */
function isCurrent(): boolean {
  try {
    const { made, files } = JSON.parse(readFileSync(`${root}build/client.json`, 'utf8')) as {
      made: number;
      files: string[];
    };
    return files.every((file) => statSync(root + file).mtimeMs < made);
  } catch {
    return false;
  }
}

function runSources(): void {
  const node = `${root}node_modules/node-linux-${process.arch}/bin/node`;
  const start = ['--disable-warning=ExperimentalWarning', '--', `${root}src/cli/start.mjs`];
  process.execve?.(node, [node, ...start, ...args], process.env);
}
