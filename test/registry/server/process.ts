import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Result, run } from '../../harness/index.ts';

const BERTH = resolve(import.meta.dirname, '../../../bin/berth');

/** `berth registry serve`, as a user starts it. */
export class RegistryProcess implements AsyncDisposable {
  readonly root: string;
  readonly #flags: readonly string[];
  #child: ChildProcess | undefined;
  #exited: Promise<number | null> = Promise.resolve(null);
  /** `127.0.0.1:40123` */
  host = '';
  url = '';

  private constructor(root: string, flags: readonly string[]) {
    this.root = root;
    this.#flags = flags;
  }

  /** Starts it on a free port with these flags. */
  static async start(...flags: string[]): Promise<RegistryProcess> {
    const registry = new RegistryProcess(mkdtempSync(join(tmpdir(), 'berth-registry-')), flags);
    await registry.start('127.0.0.1:0');
    return registry;
  }

  get log(): string {
    return readFileSync(`${this.root}.log`, 'utf8');
  }

  /** Starts it again, on the address that it had. */
  async start(listen = this.host): Promise<void> {
    const log = openSync(`${this.root}.log`, 'w');
    const args = ['registry', 'serve', '--root', this.root, '--listen', listen, ...this.#flags];
    const child = spawn(BERTH, args, { stdio: ['ignore', log, log] });
    closeSync(log);
    this.#child = child;
    this.#exited = new Promise((done) => child.once('exit', done));
    for (const end = Date.now() + 30_000; ; await sleep(20)) {
      const [, url] = /registry listens on (https?:\/\/[\d.:]+)/.exec(this.log) ?? [];
      if (url !== undefined) {
        this.url = url;
        this.host = new URL(url).host;
        return;
      }
      if (child.exitCode !== null || Date.now() > end)
        throw new Error(`the registry does not start: ${this.log}`);
    }
  }

  /** Ends it and resolves to its exit code. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<number | null> {
    if (this.#child?.exitCode === null) this.#child.kill(signal);
    return await this.#exited;
  }

  /** `berth registry gc` or `status` of it. */
  command(verb: 'gc' | 'status', ...flags: string[]): Promise<Result> {
    return run(BERTH, ['registry', verb, '--root', this.root, ...flags]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.root, { recursive: true, force: true });
    rmSync(`${this.root}.log`, { force: true });
  }
}
