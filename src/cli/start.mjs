// Starts the client. This one file is plain JavaScript on purpose: Node loads its TypeScript stripper (35 ms) for the first
// file that is not in the compile cache, and the cache is on only after this line.
import module from 'node:module';

const home = process.env.XDG_CACHE_HOME || (process.env.HOME && `${process.env.HOME}/.cache`);
// Without a folder of the user's own there is no cache: a shared one could be written by others.
if (home) module.enableCompileCache(`${home}/berth/compile`);
const { main } = bundle() ?? (await import('./main.ts'));
await main(process.argv.slice(2));

/** The one file that scripts/bundle-client.ts has made of the sources; nothing when one of them is newer. */
function bundle() {
  const fs = process.getBuiltinModule('node:fs');
  const root = import.meta.dirname.slice(0, -'src/cli'.length);
  try {
    const { made, files } = JSON.parse(fs.readFileSync(`${root}build/client.json`, 'utf8'));
    if (files.some((file) => fs.statSync(root + file).mtimeMs >= made)) return undefined;
  } catch {
    return undefined;
  }
  return module.createRequire(import.meta.url)('../../build/client.cjs');
}
