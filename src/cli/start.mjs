// Starts the client. This one file is plain JavaScript on purpose: Node loads its TypeScript stripper (35 ms) for the first
// file that is not in the compile cache, and the cache is on only after this line.
import module from 'node:module';

const home = process.env.XDG_CACHE_HOME || (process.env.HOME && `${process.env.HOME}/.cache`);
// Without a folder of the user's own there is no cache: a shared one could be written by others.
if (home) module.enableCompileCache(`${home}/berth/compile`);
const { main } = await import('./main.ts');
await main(process.argv.slice(2));
