import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkout } from './engines.ts';

/** A registry under measurement, a process of its own on a folder of its own. */
export class Side implements AsyncDisposable {
  readonly name: string;
  readonly port: number;
  readonly root: string;
  readonly #child: ChildProcess;

  private constructor(name: string, port: number, root: string, child: ChildProcess) {
    this.name = name;
    this.port = port;
    this.root = root;
    this.#child = child;
  }

  /** Starts a program, and waits until it answers. */
  static async start(
    name: string,
    command: (root: string, port: number) => readonly string[],
  ): Promise<Side> {
    const root = mkdtempSync(join(tmpdir(), `berth-bench-${name}-`));
    const port = await freePort();
    const [program = '', ...args] = command(root, port);
    const child = spawn(program, args, { stdio: 'ignore' });
    const side = new Side(name, port, root, child);
    for (const end = Date.now() + 20_000; !(await side.#answers()); await sleep(10)) {
      if (Date.now() > end || child.exitCode !== null) throw new Error(`${name} does not start`);
    }
    return side;
  }

  /** Resident memory in MB: now, or the most so far. */
  memory(field: 'VmRSS' | 'VmHWM'): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
    return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((done) => this.#child.once('exit', done));
    if (this.#child.exitCode === null) {
      this.#child.kill('SIGTERM');
      await ended;
    }
    rmSync(this.root, { recursive: true, force: true });
  }

  async #answers(): Promise<boolean> {
    const answer = await fetch(`http://127.0.0.1:${this.port}/v2/`).catch(() => undefined);
    return answer?.status === 200;
  }
}

/** Debian's docker-registry, on disk as it comes. */
export function dockerRegistry(): Promise<Side> {
  execFileSync('docker-registry', ['--version'], { stdio: 'ignore' });
  return Side.start('docker-registry', (root, port) => {
    mkdirSync(join(root, 'data'));
    const settings = [
      'version: 0.1',
      'log: { accesslog: { disabled: true }, level: error }',
      `storage: { filesystem: { rootdirectory: ${root}/data }, delete: { enabled: true } }`,
      `http: { addr: '127.0.0.1:${port}' }`,
    ];
    writeFileSync(join(root, 'config.yml'), settings.join('\n'));
    return ['docker-registry', 'serve', join(root, 'config.yml')];
  });
}

export function berthRegistry(): Promise<Side> {
  return Side.start('berth', (root, port) => {
    const where = ['--root', join(root, 'data'), '--listen', `127.0.0.1:${port}`];
    return [join(checkout, 'bin/berth'), 'registry', 'serve', ...where, '--access-log=false'];
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
