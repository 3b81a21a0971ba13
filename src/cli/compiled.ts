/** Where a bundled or compiled client begins: `start.mjs` is for running from the sources. */
import { main } from './main.ts';

void main(process.argv.slice(2));
