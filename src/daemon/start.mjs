// Starts the engine. This one file is plain JavaScript on purpose: Node loads its TypeScript stripper for the first file that is
// not in the compile cache, and the cache is on only after this line. It lies beside the code because it is code that root runs.
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

enableCompileCache(join(import.meta.dirname, '../../build/compile-cache'));
await import('./main.ts');
