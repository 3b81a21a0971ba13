// Starts the registry. Plain JavaScript for the same reason as src/daemon/start.mjs.
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

const cache = join(import.meta.dirname, '../../../build/compile-cache');
enableCompileCache(cache);
process.env.NODE_COMPILE_CACHE = cache;
await import('./main.ts');
