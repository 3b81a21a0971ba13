import {
  closeSync,
  type FSWatcher,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  watch,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { compress } from './compress.ts';
import { currentNumber, freshPath, rotatedNumbers, rotatedPath } from './files.ts';

/** How much of a log is kept, and in how many files. */
export interface LogLimits {
  /** Bytes after which conmon begins a new file. */
  readonly maxSize: number;
  /** Files that are kept, the one that is written included. */
  readonly maxFiles: number;
  readonly compress: boolean;
}

/** A log to be kept within limits. */
export interface RotationOptions extends LogLimits {
  /** The file that conmon writes. */
  readonly path: string;
  /** Has conmon begin a new file at `path`, if that is still needed when it can be told. */
  reopen(needed: () => boolean): Promise<void>;
  /** Whether a file with this number may be deleted; all may unless told. */
  mayDelete?(number: number): boolean;
  /** Told why the log could not be rotated; it is tried again when the log has grown. */
  failed(error: unknown): void;
}

/** How often a log is looked at while it grows, in ms: one that grows by 100 MB/s may be 2 MB too long. */
const LOOK_MS = 20;
/** After a failure, which is a full disk as a rule. */
const RETRY_MS = 1000;
const REOPEN_POLL_MS = 1;
const REOPEN_PATIENCE_MS = 10_000;
const MODE = 0o640;

/**
 * Keeps the log of a running container within its limits. Files are renamed, and conmon is then asked to begin a new one;
 * until it does it writes on into the renamed file, so no line is lost. A log that does not grow costs nothing: the kernel
 * tells when it does.
 */
export class LogRotation {
  readonly #options: RotationOptions;
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #seen = -1;
  #closed = false;
  #compressing: Promise<void> = Promise.resolve();
  #rotating: Promise<void> = Promise.resolve();

  /** The file must be there, or have been put aside by an engine that could not tell conmon so any more. */
  constructor(options: RotationOptions) {
    this.#options = options;
    this.#rotating = this.#begin();
  }

  /** Rotates no more. Resolves when what is under way has come to its end; what is not compressed yet stays as it is. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#watcher?.close();
    clearTimeout(this.#timer);
    await this.#rotating;
    await this.#compressing;
  }

  /** Deletes what is more than the limits allow. Call it when `mayDelete` has changed its mind. */
  prune(): void {
    const { path, maxFiles, mayDelete = () => true } = this.#options;
    const numbers = rotatedNumbers(path);
    for (const number of numbers.slice(0, Math.max(0, numbers.length - (maxFiles - 1)))) {
      if (!mayDelete(number)) return;
      for (const suffix of ['', '.gz']) rmSync(`${rotatedPath(path, number)}${suffix}`, { force: true });
    }
  }

  async #begin(): Promise<void> {
    const { path } = this.#options;
    removeUnfinished(path);
    if (inodeOf(path) === undefined) await this.#attempt(() => this.#reopened(undefined));
    this.prune();
    for (const number of rotatedNumbers(path)) this.#compressLater(number);
    this.#look();
  }

  #look(): void {
    if (this.#closed) return;
    const { path, maxSize } = this.#options;
    const size = sizeOf(path);
    if (size === undefined || size >= maxSize) {
      this.#seen = 0;
      this.#rotating = this.#rotate();
    } else if (size !== this.#seen) {
      this.#seen = size;
      this.#lookIn(LOOK_MS);
    } else {
      this.#wait();
    }
  }

  #lookIn(ms: number): void {
    if (!this.#closed) this.#timer = setTimeout(() => this.#look(), ms).unref();
  }

  /** Waits for the log to grow. */
  #wait(): void {
    const { path, failed } = this.#options;
    try {
      const watcher = watch(path, { persistent: false });
      this.#watcher = watcher;
      const woken = () => {
        watcher.close();
        this.#look();
      };
      watcher.once('change', woken);
      watcher.once('error', woken);
    } catch (error) {
      failed(error);
      this.#lookIn(RETRY_MS);
      return;
    }
    // It may have grown just before it was watched.
    if (sizeOf(path) !== this.#seen) {
      this.#watcher.close();
      this.#lookIn(LOOK_MS);
    }
  }

  async #rotate(): Promise<void> {
    const done = await this.#attempt(async () => {
      const { path, maxFiles } = this.#options;
      // conmon ends, and with it the container, when it cannot make its new file: on a full disk this fails first.
      closeSync(openSync(freshPath(path), 'a', MODE));
      const before = inodeOf(path);
      const number = currentNumber(path);
      // With a single file, conmon's new one takes the place of the old.
      const aside = maxFiles > 1 && before !== undefined;
      if (aside) renameSync(path, rotatedPath(path, number));
      await this.#reopened(aside ? undefined : before);
      this.prune();
      if (aside) this.#compressLater(number);
    });
    this.#lookIn(done ? LOOK_MS : RETRY_MS);
  }

  async #reopened(before: bigint | undefined): Promise<void> {
    const { path, reopen } = this.#options;
    await reopen(() => inodeOf(path) === before);
    for (const end = Date.now() + REOPEN_PATIENCE_MS; Date.now() < end; await sleep(REOPEN_POLL_MS)) {
      const now = inodeOf(path);
      if (now !== undefined && now !== before) return;
      if (this.#closed) return;
    }
    throw new Error(`conmon does not begin a new file for ${path}`);
  }

  #compressLater(number: number): void {
    const { path, compress: wanted } = this.#options;
    if (!wanted) return;
    this.#compressing = this.#compressing.then(async () => {
      // Without a file at its own place, conmon still writes into the newest of the others.
      if (this.#closed || inodeOf(path) === undefined) return;
      await this.#attempt(() => compress(rotatedPath(path, number)));
    });
  }

  async #attempt(body: () => Promise<void>): Promise<boolean> {
    try {
      await body();
      return true;
    } catch (error) {
      this.#options.failed(error);
      return false;
    }
  }
}

function sizeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.size;
}

function inodeOf(path: string): bigint | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
}

/** What an engine that was killed had only half compressed. */
function removeUnfinished(path: string): void {
  const folder = dirname(path);
  const prefix = `${basename(path)}.`;
  for (const name of readdirSync(folder)) {
    if (name.startsWith(prefix) && name.endsWith('.gz.tmp')) rmSync(join(folder, name), { force: true });
  }
}
