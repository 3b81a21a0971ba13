import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Router } from '../http/router.ts';

const FOLDER = join(import.meta.dirname, '../../../../web/registry');

/** What may be had, by its path. */
const FILES = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/web/app.js': ['app.js', 'text/javascript; charset=utf-8'],
  '/web/style.css': ['style.css', 'text/css; charset=utf-8'],
} as const;

/** Nothing but the page's own files runs or is loaded, whatever an image is called. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' https:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** A page to look around in the registry with. It has no rights of its own: it asks the API as its reader. */
export function webRoutes(router: Router): void {
  for (const [path, [file, type]] of Object.entries(FILES)) {
    const bytes = readFileSync(join(FOLDER, file));
    router.addFixed('GET', path, (exchange) => {
      exchange.bytes(200, bytes, {
        'Content-Type': type,
        'Content-Security-Policy': POLICY,
        'Cache-Control': 'no-cache',
      });
    });
  }
}
