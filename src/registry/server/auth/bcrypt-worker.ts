import { parentPort } from 'node:worker_threads';
import bcrypt from 'bcryptjs';

/** A thread that compares passwords with their hashes: each takes tens of milliseconds, in which nobody else would be served. */
export interface Comparison {
  readonly id: number;
  readonly password: string;
  readonly hash: string;
}

export interface ComparisonResult {
  readonly id: number;
  readonly equal: boolean;
}

parentPort!.on('message', ({ id, password, hash }: Comparison) => {
  const result: ComparisonResult = { id, equal: bcrypt.compareSync(password, hash) };
  parentPort!.postMessage(result);
});
