import { execFileSync } from 'node:child_process';
import { globSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

const COMPILED = 'build/berth';

/**
 * Joins the files of the client into one, `build/client.cjs`, which starts in half the time: there is one file to find and
 * to load, and `require` takes from Node's own modules what is used, where `import` reads every export once. The list of
 * sources beside it lets `src/cli/start.mjs` see when it is out of date. Where Bun runs, it makes a program of the client
 * besides, which starts in half the time again; `bin/berth` takes what there is.
 */
process.chdir(resolve(import.meta.dirname, '..'));
const [esbuild] = globSync('node_modules/@esbuild/linux-*/bin/esbuild');
if (esbuild === undefined) throw new Error("esbuild is not installed: run 'sh scripts/setup'");

const made = Date.now();
const output = 'build/client.cjs';
execFileSync(
  esbuild,
  [
    ...['src/cli/main.ts', '--bundle', '--format=cjs', '--platform=node', '--target=node26'],
    ...[`--outfile=${output}.new`, '--metafile=build/client.meta.json', '--log-level=warning'],
  ],
  { stdio: 'inherit' },
);
const { inputs } = JSON.parse(readFileSync('build/client.meta.json', 'utf8')) as { inputs: object };
rmSync('build/client.meta.json');
writeFileSync('build/client.json.new', JSON.stringify({ made, files: Object.keys(inputs) }));
renameSync(`${output}.new`, output);
renameSync('build/client.json.new', 'build/client.json');
compile();

/** Bun needs a processor with AVX2: without one, or without Bun, the bundle does. */
function compile(): void {
  const [bun] = globSync('node_modules/@oven/bun-linux-*/bin/bun');
  rmSync(COMPILED, { force: true });
  if (bun === undefined) return;
  const options = ['--compile', '--bytecode', '--minify', '--outfile', `${COMPILED}.new`];
  try {
    execFileSync(bun, ['build', 'src/cli/compiled.ts', ...options], { stdio: 'pipe' });
    execFileSync(`${COMPILED}.new`, ['--version'], { stdio: 'pipe' });
    renameSync(`${COMPILED}.new`, COMPILED);
  } catch {
    rmSync(`${COMPILED}.new`, { force: true });
    console.log('client: no compiled program on this machine; the bundle is used');
  }
}
