import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  closeSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

export const checkout = resolve(import.meta.dirname, '..');

/**
 * An engine under measurement, with its own folders, cgroups, network namespace and mount namespace. The two namespaces
 * keep Docker's bridge, its iptables rules and its mounts off the machine; Berth gets the same, so that both are alike.
 */
export class Engine implements AsyncDisposable {
  readonly name: string;
  readonly root: string;
  readonly socket: string;
  readonly #cgroupParent: string;
  readonly #command: readonly string[];
  #process: ChildProcess | undefined;

  constructor(name: string, program: string, flags: (root: string) => readonly string[]) {
    this.name = name;
    this.root = mkdtempSync(join(tmpdir(), `berth-bench-${name}-`));
    this.socket = join(this.root, 'engine.sock');
    this.#cgroupParent = `/berth-bench-${name}-${process.pid}`;
    const { root } = this;
    this.#command = [
      program,
      ...[
        '--data-root',
        join(root, 'data'),
        '--exec-root',
        join(root, 'run'),
        '--pidfile',
        join(root, 'pid'),
      ],
      ...['--host', `unix://${this.socket}`, '--cgroup-parent', this.#cgroupParent],
      ...flags(root),
    ];
    mkdirSync(join(root, 'run'));
  }

  /** The environment that leads a client here. */
  get environment(): NodeJS.ProcessEnv {
    return { ...process.env, DOCKER_HOST: `unix://${this.socket}`, DOCKER_CONFIG: join(this.root, 'client') };
  }

  /** Starts the engine and waits for its first answer. */
  async start(): Promise<void> {
    const log = openSync(join(this.root, 'log'), 'a');
    const inside = `ip link set lo up && exec "$@"`;
    const args = ['--net', '--mount', 'sh', '-c', inside, 'sh', ...this.#command];
    const child = spawn('unshare', args, { stdio: ['ignore', log, log] });
    closeSync(log);
    this.#process = child;
    for (const end = Date.now() + 60_000; !(await this.#answers()); await sleep(2)) {
      if (child.exitCode !== null || Date.now() > end) {
        const lines = readFileSync(join(this.root, 'log'), 'utf8').split('\n').slice(-20);
        throw new Error(`${this.name} does not start:\n${lines.join('\n')}`);
      }
    }
  }

  async stop(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const ended = new Promise((done) => child.once('exit', done));
    child.kill('SIGTERM');
    await ended;
  }

  /** Starts a program in the engine's network namespace; the caller ends it. */
  spawnInside(program: string, args: readonly string[]): ChildProcess {
    return spawn('nsenter', this.inside(program, args), { stdio: 'ignore' });
  }

  /** What to tell nsenter(1) to run a program in the engine's network namespace. */
  inside(program: string, args: readonly string[]): string[] {
    return ['--net', '--target', String(this.#process?.pid ?? 0), program, ...args];
  }

  /** One request, with a JSON body where there is one; gives the JSON of the answer. Throws what the engine says. */
  request(method: string, path: string, body?: object): Promise<unknown> {
    const headers = body === undefined ? {} : { 'Content-Type': 'application/json' };
    return new Promise((resolve, reject) => {
      const sent = request(
        { socketPath: this.socket, method, path, headers, agent: false },
        async (answer) => {
          const content = await text(answer).catch(reject);
          if (content === undefined) return;
          if ((answer.statusCode ?? 0) >= 400)
            reject(new Error(`${this.name}: ${method} ${path}: ${content}`));
          else resolve(content === '' ? undefined : JSON.parse(content));
        },
      );
      sent.on('error', reject).end(body && JSON.stringify(body));
    });
  }

  /** Resident memory of the engine and its helpers at rest, in MB. */
  residentMemory(): number {
    const pids = [this.#process?.pid ?? 0];
    for (const pid of pids) {
      for (const path of globSync(`/proc/${pid}/task/*/children`)) {
        pids.push(...readFileSync(path, 'utf8').split(' ').filter(Boolean).map(Number));
      }
    }
    const kilobytes = pids.map((pid) =>
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0),
    );
    return kilobytes.reduce((sum, it) => sum + it, 0) / 1024;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    const parents = globSync([
      `/sys/fs/cgroup${this.#cgroupParent}`,
      `/sys/fs/cgroup/*${this.#cgroupParent}`,
    ]);
    for (const path of parents) rmdirSync(path);
    rmSync(this.root, { recursive: true, force: true });
  }

  #answers(): Promise<boolean> {
    return new Promise((done) => {
      const sent = request({ socketPath: this.socket, path: '/_ping', agent: false }, (response) => {
        response.resume();
        done(response.statusCode === 200);
      });
      sent.on('error', () => done(false));
      sent.end();
    });
  }
}

/** Debian's dockerd, or another that DOCKERD names. */
export function dockerEngine(): Engine {
  const program = process.env['DOCKERD'] ?? 'dockerd';
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
  } catch {
    throw new Error(
      "there is no dockerd to measure against: 'apt-get install --no-install-recommends docker.io'",
    );
  }
  return new Engine('docker', program, (root) => {
    // Not the machine's own configuration.
    writeFileSync(join(root, 'daemon.json'), '{}');
    return ['--bip', '10.199.1.1/24', '--config-file', join(root, 'daemon.json')];
  });
}

export function berthEngine(): Engine {
  return new Engine('berth', join(checkout, 'bin/berthd'), () => [
    '--bridge',
    'bench0',
    '--bip',
    '10.200.0.1/16',
  ]);
}
