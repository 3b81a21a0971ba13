import type { ChildProcess } from 'node:child_process';
import { closeSync, createReadStream, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Docker from 'dockerode';
import { exitCode, type Result, type RunOptions, run, start } from './command.ts';
import { type Answer, type RequestOptions, request } from './http.ts';
import { type Identity, newIdentity } from './identity.ts';
import { type LiveContainer, leftovers, sweep } from './leftovers.ts';
import { type PtyOptions, spawnPty, type Terminal } from './pty.ts';
import { usedCommand, usedRequest } from './usage.ts';

const checkout = resolve(import.meta.dirname, '../..');
/** How long an engine may take to start or to stop, in milliseconds; an emulated machine gives it more. */
export const PATIENCE = Number(process.env['BERTH_TEST_PATIENCE'] ?? 20_000);

export interface EngineOptions {
  /** More flags for berthd. */
  readonly flags?: readonly string[];
  /** Shipped images to load; busybox unless told. */
  readonly images?: readonly ('busybox' | 'hello-world')[];
}

/**
 * Starts a `bin/berthd` that shares nothing with any other engine, waits until it answers and loads images into it.
 * Disposing of it removes its containers, stops it, and throws when anything of it is left on the machine.
 *
 *     await using engine = await startEngine();
 *     assert.equal(await succeed(engine.docker('run', '--rm', 'busybox', 'echo', 'hi')), 'hi');
 */
export async function startEngine(options: EngineOptions = {}): Promise<TestEngine> {
  const engine = new TestEngine(newIdentity(), options.flags ?? []);
  try {
    await engine.start();
    for (const name of options.images ?? ['busybox']) await engine.load(name);
    return engine;
  } catch (error) {
    await engine[Symbol.asyncDispose]().catch(() => {});
    throw error;
  }
}

export class TestEngine {
  readonly identity: Identity;
  readonly #flags: readonly string[];
  #process: ChildProcess | undefined;
  #exited: Promise<number> = Promise.resolve(0);

  constructor(identity: Identity, flags: readonly string[]) {
    this.identity = identity;
    this.#flags = flags;
  }

  get socket(): string {
    return this.identity.socket;
  }

  /** The engine's address, as in DOCKER_HOST. */
  get host(): string {
    return `unix://${this.socket}`;
  }

  /** Process ID; undefined while it is not running. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** dockerode, connected to this engine. */
  get dockerode(): Docker {
    const docker = new Docker({ socketPath: this.socket });
    const dial = docker.modem.dial.bind(docker.modem);
    docker.modem.dial = (options, callback) => {
      usedRequest(options.method ?? 'GET', options.path ?? '');
      return dial(options, callback);
    };
    return docker;
  }

  /** Everything that the engine has logged. */
  get log(): string {
    return readFileSync(join(this.identity.root, 'log'), 'utf8');
  }

  /** Runs the official client to its end. */
  docker(...args: string[]): Promise<Result> {
    return this.client('docker', args);
  }

  /** Runs our client to its end. */
  berth(...args: string[]): Promise<Result> {
    return this.client('berth', args);
  }

  client(name: 'docker' | 'berth', args: readonly string[], options: RunOptions = {}): Promise<Result> {
    usedCommand(name, args);
    return run(program(name), args, { ...options, env: { ...this.environment(), ...options.env } });
  }

  /** Starts a client and leaves it running, its three streams as pipes. The caller sees to its end. */
  spawn(name: 'docker' | 'berth', ...args: string[]): ChildProcess {
    usedCommand(name, args);
    return start(program(name), args, { env: this.environment(), stdio: ['pipe', 'pipe', 'pipe'] });
  }

  /** Starts a client at a pseudo-terminal. */
  terminal(name: 'docker' | 'berth', args: readonly string[], options: PtyOptions = {}): Terminal {
    usedCommand(name, args);
    return spawnPty(program(name), args, { ...options, env: { ...this.environment(), ...options.env } });
  }

  /** One raw HTTP request. */
  request(method: string, path: string, options?: RequestOptions): Promise<Answer> {
    usedRequest(method, path);
    return request(this.socket, method, path, options);
  }

  /** The environment that leads both clients to this engine and to nothing of the user's. */
  environment(): NodeJS.ProcessEnv {
    const config = join(this.identity.root, 'client');
    return {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      TERM: 'xterm',
      DOCKER_HOST: this.host,
      DOCKER_CONFIG: config,
    };
  }

  /** Loads a shipped image. */
  async load(name: string): Promise<void> {
    const body = createReadStream(join(checkout, 'build/images', `${name}.tar`));
    const headers = { 'Content-Type': 'application/x-tar' };
    const answer = await this.request('POST', '/images/load?quiet=1', { body, headers });
    if (answer.status !== 200 || answer.text.includes('errorDetail')) {
      throw new Error(`${name} cannot be loaded: ${answer.text}`);
    }
  }

  /** Starts the engine, also again after `stop` or `kill9`. Throws with its log when it does not answer within 20 s. */
  async start(): Promise<void> {
    if (this.#process !== undefined) throw new Error('the engine is running');
    const { root, dataRoot, execRoot, bridge, bip, pool, cgroupParent } = this.identity;
    mkdirSync(execRoot, { recursive: true });
    // Not the machine's own configuration.
    writeFileSync(join(root, 'daemon.json'), '{}');
    const log = openSync(join(root, 'log'), 'a');
    // setpriv: when the test's process dies, however it dies, its engine goes too.
    const child = start(
      'setpriv',
      [
        ...['--pdeathsig', 'KILL', join(checkout, 'bin/berthd')],
        ...['--data-root', dataRoot, '--exec-root', execRoot, '--host', this.host],
        ...['--config-file', join(root, 'daemon.json')],
        ...['--pidfile', join(execRoot, 'berthd.pid'), '--cgroup-parent', cgroupParent],
        ...['--bridge', bridge, '--bip', bip, '--default-address-pool', `base=${pool},size=28`],
        ...this.#flags,
      ],
      { stdio: ['ignore', log, log], env: { ...process.env, DOCKER_HOST: undefined } },
    );
    closeSync(log);
    this.#process = child;
    this.#exited = exitCode(child).finally(() => {
      this.#process = undefined;
    });
    this.#exited.catch(() => {});
    running.add(this);
    await this.#answers();
  }

  /** SIGTERM, as an administrator stops it: containers keep running. The exit code; throws after 20 s. */
  stop(): Promise<number> {
    return this.#end('SIGTERM');
  }

  /** SIGKILL: the engine has no chance to tidy up. */
  kill9(): Promise<number> {
    return this.#end('SIGKILL');
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** What is on the machine that an engine with no more than these containers and bridges should not have; empty when all is well. */
  leftovers(containers: readonly LiveContainer[] = [], bridges: readonly string[] = []): Promise<string[]> {
    return leftovers(this.identity, this.pid, containers, bridges);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    running.delete(this);
    try {
      if (this.#process !== undefined) await this.#removeObjects();
      await this.stop();
      const left = await leftovers(this.identity);
      if (left.length > 0)
        throw new Error(`the engine has left behind:\n  ${left.join('\n  ')}\n${this.#tail()}`);
    } finally {
      tails.push(this.#tail());
      await this.kill9();
      sweep(this.identity);
    }
  }

  async #removeObjects(): Promise<void> {
    const list = await this.request('GET', '/containers/json?all=1');
    const ids = list.status === 200 ? (list.json() as { Id: string }[]).map((it) => it.Id) : [];
    for (const answer of await Promise.all(
      ids.map((id) => this.request('DELETE', `/containers/${id}?force=1&v=1`)),
    )) {
      // One that removes itself may be gone, or on its way out.
      if (![204, 404, 409].includes(answer.status)) {
        throw new Error(`a container cannot be removed: ${answer.text}\n${this.#tail()}`);
      }
    }
    await this.request('POST', '/networks/prune');
  }

  async #end(signal: NodeJS.Signals): Promise<number> {
    this.#process?.kill(signal);
    const late = sleep(PATIENCE, undefined, { ref: false }).then(() => {
      throw new Error(`the engine still runs ${PATIENCE} ms after ${signal}\n${this.#tail()}`);
    });
    return Promise.race([this.#exited, late]);
  }

  async #answers(): Promise<void> {
    for (const end = Date.now() + PATIENCE; ; await sleep(10)) {
      const answer = await this.request('GET', '/_ping').catch(() => undefined);
      if (answer?.status === 200) return;
      if (this.#process === undefined) throw new Error(`the engine has ended\n${this.#tail()}`);
      if (Date.now() > end) throw new Error(`the engine does not answer\n${this.#tail()}`);
    }
  }

  #tail(): string {
    const lines = this.log.trimEnd().split('\n').slice(-40);
    return `--- the end of the log of ${this.identity.root} ---\n${lines.join('\n')}\n---`;
  }

  /** For the report of a test file that has failed. */
  printTail(): void {
    console.error(this.#tail());
  }
}

function program(name: 'docker' | 'berth'): string {
  return name === 'berth' ? join(checkout, 'bin/berth') : 'docker';
}

const running = new Set<TestEngine>();
const tails: string[] = [];

// A failed test file shows the logs of its engines, those that are gone included.
process.on('exit', (code) => {
  if (code === 0) return;
  for (const tail of tails) console.error(tail);
  for (const engine of running) engine.printTail();
});
