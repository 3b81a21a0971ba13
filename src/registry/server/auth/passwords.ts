import { createHmac, randomBytes } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { RegistryError } from '../errors.ts';
import type { Comparison, ComparisonResult } from './bcrypt-worker.ts';

/** So many comparisons may wait: beyond, somebody is guessing. */
const MAX_WAITING = 100;
const MAX_REMEMBERED = 1000;

/** Compares passwords with bcrypt hashes in a thread of its own, and remembers those that were right. */
export class Passwords implements AsyncDisposable {
  readonly #key = randomBytes(32);
  readonly #right = new Set<string>();
  readonly #waiting = new Map<number, { resolve(equal: boolean): void; reject(error: Error): void }>();
  #worker: Worker | undefined;
  #next = 0;

  /** Throws TOOMANYREQUESTS when too many ask at once. */
  async compare(password: string, hash: string): Promise<boolean> {
    // Keyed, so that the memory of this process is no easier to guess passwords from than the file is to steal.
    const proof = createHmac('sha256', this.#key).update(hash).update('\0').update(password).digest('base64');
    if (this.#right.has(proof)) return true;
    if (!(await this.#ask(password, hash))) return false;
    if (this.#right.size >= MAX_REMEMBERED) this.#right.clear();
    this.#right.add(proof);
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker?.terminate();
  }

  #ask(password: string, hash: string): Promise<boolean> {
    if (this.#waiting.size >= MAX_WAITING) {
      throw new RegistryError('TOOMANYREQUESTS', 'too many are signing in: try again in a moment', {
        headers: { 'Retry-After': '5' },
      });
    }
    this.#worker ??= this.#start();
    const comparison: Comparison = { id: this.#next++, password, hash };
    return new Promise((resolve, reject) => {
      this.#waiting.set(comparison.id, { resolve, reject });
      this.#worker!.postMessage(comparison);
    });
  }

  #start(): Worker {
    const worker = new Worker(new URL('./bcrypt-worker.ts', import.meta.url));
    worker.on('message', ({ id, equal }: ComparisonResult) => {
      this.#waiting.get(id)?.resolve(equal);
      this.#waiting.delete(id);
    });
    worker.on('error', (error: Error) => {
      this.#worker = undefined;
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
    });
    worker.unref();
    return worker;
  }
}
