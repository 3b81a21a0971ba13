import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestEngine } from '../harness/index.ts';
import type { Random } from './random.ts';
import { create, eventually, exec, expectStatus, type Inspected, inspect, isAlive, wait } from './support.ts';

const WORKERS = 4;

/** What is known of a container whose engine may have died at any moment. */
interface Known {
  readonly id: string;
  /** The client that made it, and alone uses it. */
  readonly worker: number;
  /** The code with which it ends by itself; undefined for one that runs until it is stopped. */
  readonly endsWith: number | undefined;
  /** What the engine has confirmed. */
  confirmed: 'created' | 'started' | 'stopped';
  /** What was asked for when the engine died, without an answer. */
  asked: 'start' | 'stop' | 'remove' | undefined;
  pid: number;
}

/**
 * Several clients that keep an engine busy with containers and images of their own, at random, until it dies; then it must
 * still know everything that it has confirmed. The same seed gives the same choices, as far as time lets it.
 */
export class Turmoil {
  readonly #engine: TestEngine;
  readonly #containers = new Map<string, Known>();
  readonly #removed = new Set<string>();
  /** Made to go after their end, which comes soon. */
  readonly #temporary = new Set<string>();
  readonly #counts = new Map<string, number>();
  readonly #random: Random;
  #recent: string[] = [];
  #over = false;

  constructor(engine: TestEngine, random: Random) {
    this.#engine = engine;
    this.#random = random;
  }

  /** How often what was done. */
  get summary(): string {
    return [...this.#counts].map(([what, count]) => `${what} ${count}`).join(', ');
  }

  /** What was asked for in this round. */
  get history(): string {
    return this.#recent.join('; ');
  }

  /** Keeps the engine busy until `kill` has killed it. */
  async during(kill: () => Promise<void>): Promise<void> {
    this.#over = false;
    this.#recent = [];
    const workers = Array.from({ length: WORKERS }, (_, worker) => this.#work(worker));
    await kill();
    this.#over = true;
    await Promise.all(workers);
  }

  /** Asserts that the engine knows what it has confirmed before it was killed. */
  async check(): Promise<void> {
    for (const id of this.#removed) {
      expectStatus(await this.#engine.request('GET', `/containers/${id}/json`), 404);
    }
    this.#removed.clear();
    for (const id of this.#temporary) await this.#checkTemporary(id);
    this.#temporary.clear();
    for (const known of this.#containers.values()) await this.#checkOne(known);
  }

  /** Removes all that is left. */
  async end(): Promise<void> {
    for (const id of this.#containers.keys()) {
      expectStatus(await this.#engine.request('DELETE', `/containers/${id}?force=1`), 204);
    }
    this.#containers.clear();
  }

  async #work(worker: number): Promise<void> {
    while (!this.#over) {
      try {
        await this.#act(worker);
      } catch (error) {
        // The engine has died, before it has answered or while it did.
        if (!isHangUp(error)) throw error;
        await sleep(5);
      }
    }
  }

  async #act(worker: number): Promise<void> {
    const mine = [...this.#containers.values()].filter((it) => it.worker === worker);
    const known = mine[this.#random(Math.max(1, mine.length))];
    const choice = this.#random(12);
    if (known === undefined || (choice < 3 && this.#containers.size < 16)) await this.#create(worker);
    else if (known.asked !== undefined) await sleep(1);
    else if (choice === 11) await this.#load();
    else if (choice === 10) await this.#runTemporary();
    else if (known.confirmed === 'created') await this.#start(known);
    else if (known.confirmed === 'stopped' || choice < 6) await this.#remove(known);
    else if (choice < 8 && known.endsWith === undefined) await this.#stop(known);
    else await this.#exec(known);
  }

  async #create(worker: number): Promise<void> {
    this.#note('create', '');
    const endsWith = this.#random(2) === 0 ? undefined : this.#random(100);
    const pause = this.#random(400) / 1000;
    const id = await create(this.#engine, {
      cmd: endsWith === undefined ? ['sleep', '600'] : ['sh', '-c', `sleep ${pause}; exit ${endsWith}`],
      host: { NetworkMode: this.#random(3) === 0 ? 'none' : 'bridge' },
    });
    this.#containers.set(id, { id, worker, endsWith, confirmed: 'created', asked: undefined, pid: 0 });
  }

  async #start(known: Known): Promise<void> {
    this.#note('start', known.id);
    known.asked = 'start';
    expectStatus(await this.#engine.request('POST', `/containers/${known.id}/start`), 204);
    known.confirmed = 'started';
    known.asked = undefined;
    if (known.endsWith === undefined) known.pid = (await inspect(this.#engine, known.id)).State.Pid;
  }

  async #stop(known: Known): Promise<void> {
    this.#note('stop', known.id);
    known.asked = 'stop';
    expectStatus(await this.#engine.request('POST', `/containers/${known.id}/stop?t=0`), 204);
    known.confirmed = 'stopped';
    known.asked = undefined;
  }

  async #remove(known: Known): Promise<void> {
    this.#note('remove', known.id);
    known.asked = 'remove';
    expectStatus(await this.#engine.request('DELETE', `/containers/${known.id}?force=1`), 204);
    this.#containers.delete(known.id);
    this.#removed.add(known.id);
  }

  async #exec(known: Known): Promise<void> {
    this.#note('exec', known.id);
    if (known.endsWith !== undefined) {
      await this.#engine.request('GET', `/containers/${known.id}/json`);
      return;
    }
    const { stdout } = await exec(this.#engine, known.id, ['echo', 'from inside']);
    assert.equal(stdout, 'from inside\n');
  }

  async #runTemporary(): Promise<void> {
    this.#note('run', '');
    const id = await create(this.#engine, {
      cmd: ['sleep', `0.${this.#random(3)}`],
      host: { NetworkMode: 'bridge', AutoRemove: true },
    });
    this.#temporary.add(id);
    expectStatus(await this.#engine.request('POST', `/containers/${id}/start`), 204);
  }

  async #load(): Promise<void> {
    this.#note('load', '');
    await this.#engine.load('hello-world');
  }

  async #checkTemporary(id: string): Promise<void> {
    const path = `/containers/${id}`;
    const look = async () => {
      const answer = await this.#engine.request('GET', `${path}/json`);
      return answer.status === 404 ? undefined : (answer.json() as Inspected).State;
    };
    const first = await look();
    if (first?.Status === 'created') expectStatus(await this.#engine.request('DELETE', path), 204);
    let last = first;
    await eventually('a container goes after its end', async () => {
      last = await look();
      return last === undefined;
    }).catch((error: Error) => {
      throw new Error(`${error.message}: ${id} was ${JSON.stringify(first)}, is ${JSON.stringify(last)}`);
    });
  }

  async #checkOne(known: Known): Promise<void> {
    const { id, endsWith, asked } = known;
    const answer = await this.#engine.request('GET', `/containers/${id}/json`);
    if (asked === 'remove' && answer.status === 404) {
      this.#containers.delete(id);
      return;
    }
    const { State } = await inspect(this.#engine, id);
    const where = `${id}: ${JSON.stringify(known)}: ${JSON.stringify(State)}`;
    assert.equal(State.Running, State.Status === 'running', where);
    assert.equal(State.Pid > 0, State.Running, where);
    if (State.Running) assert.ok(isAlive(State.Pid), where);
    if (known.confirmed === 'created' && asked === undefined) assert.equal(State.Status, 'created', where);
    if (known.confirmed === 'stopped') assert.equal(State.Status, 'exited', where);
    if (known.confirmed === 'started' && endsWith === undefined && asked === undefined) {
      assert.equal(State.Status, 'running', where);
      if (known.pid > 0) assert.equal(State.Pid, known.pid, where);
    }
    if (known.confirmed === 'started' && endsWith !== undefined && asked === undefined) {
      assert.equal(await wait(this.#engine, id), endsWith, where);
    }
    await this.#settle(known);
  }

  /** Brings a container that was in the middle of something to where its next life can begin. */
  async #settle(known: Known): Promise<void> {
    const { id, endsWith, asked } = known;
    known.asked = undefined;
    const { State } = await inspect(this.#engine, id);
    if (asked === 'start') {
      const ran = State.Status !== 'created';
      if (!ran) expectStatus(await this.#engine.request('POST', `/containers/${id}/start`), 204);
      known.confirmed = 'started';
      if (endsWith !== undefined) assert.equal(await wait(this.#engine, id), endsWith, id);
      else known.pid = (await inspect(this.#engine, id)).State.Pid;
    } else if ((asked === 'stop' || asked === 'remove') && !State.Running) {
      known.confirmed = State.Status === 'created' ? 'created' : 'stopped';
    }
    if (known.confirmed === 'started' && endsWith !== undefined) {
      await eventually(
        'it is known to have ended',
        async () => !(await inspect(this.#engine, id)).State.Running,
      );
      known.confirmed = 'stopped';
    }
  }

  #note(what: string, id: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
    this.#recent.push(`${what} ${id.slice(0, 12)}`.trim());
  }
}

/** Whether a request failed because there is no engine, or none any more. */
export function isHangUp(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return ['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ENOENT'].includes(code ?? '');
}
