import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The root of the checkout. */
const checkout = resolve(import.meta.dirname, '../..');

/** A test that proves rows of the document. */
export interface Proof {
  /** From the root of the checkout. */
  readonly path: string;
  readonly title: string;
  readonly rows: readonly string[];
}

const WORD = `'[^'\\n]*'|"[^"\\n]*"`;
/** A test and the claims that stand first in it. */
const PROOF = new RegExp(`\\btest\\(\\s*(${WORD}),[^;]*?\\{\\s*proves\\(([^)]*)\\);`, 'g');

/**
 * Every proof in the tests. Throws when a `proves(` does not stand first in a test whose title is plain text: the document
 * could not name it.
 */
export function findProofs(): Proof[] {
  const paths = globSync('test/**/*.test.ts', { cwd: checkout }).sort();
  return paths.flatMap((path) => proofsIn(path, readFileSync(join(checkout, path), 'utf8')));
}

function proofsIn(path: string, text: string): Proof[] {
  const proofs = [...text.matchAll(PROOF)].map(([, title = '', rows = '']) => ({
    path,
    title: title.slice(1, -1),
    rows: (rows.match(new RegExp(WORD, 'g')) ?? []).map((row) => row.slice(1, -1)),
  }));
  const calls = text.match(/\bproves\(/g)?.length ?? 0;
  if (calls !== proofs.length) {
    throw new Error(`${path}: of ${calls} proofs, ${proofs.length} stand first in a test with a plain title`);
  }
  return proofs;
}
