import { setTimeout as sleep } from 'node:timers/promises';
import { PATIENCE, type TestEngine } from '../../harness/index.ts';
import { type Random, seeded } from '../random.ts';
import { eventually, list } from '../support.ts';
import { checkContainer } from './check.ts';
import { CLIENTS, type Client, HungUp, Refused } from './clients.ts';
import { isRightfulRefusal } from './refusals.ts';
import { REPOSITORY } from './steps.ts';
import { VERBS } from './verbs.ts';

/** Names for which there may be a container at a time. */
const NAMES = Array.from({ length: 20 }, (_, index) => `chaos-${index}`);
/** How long a client stays with what does not end by itself, at most, in milliseconds. */
const LONGEST_STAY = 800;
/** A client that finds no engine tries again after so many milliseconds. */
const RETRY = 20;

/**
 * Eight clients of four kinds that do anything to twenty containers which they share, at random, while the engine is killed
 * and started again. Whatever happens, what the engine answers must be right for some order of events, and at rest every
 * container must be in a legal state, with the exit code that its program gave and all that it has written.
 */
export class Chaos {
  readonly #engine: TestEngine;
  readonly #seed: number;
  readonly #random: Random;
  readonly #counts = new Map<string, number>();
  #round = 0;
  #deaths = 0;
  #recent: string[] = [];

  constructor(engine: TestEngine, seed: number) {
    this.#engine = engine;
    this.#seed = seed;
    this.#random = seeded(seed);
  }

  /** How often what was done, and how often it was refused. */
  get summary(): string {
    return [...this.#counts]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([what, count]) => `${what} ${count}`)
      .join(', ');
  }

  /** The last things that were done, oldest first. */
  get history(): string {
    return this.#recent.slice(-200).join('\n');
  }

  /** Lets the clients loose until `body` has come to its end. */
  async during(body: () => Promise<void>): Promise<void> {
    const over = new AbortController();
    this.#round++;
    const workers = Object.entries(CLIENTS).flatMap(([kind, client]) =>
      [0, 1].map((number) => this.#work(`${kind} ${number}`, client, over.signal)),
    );
    // A client that finds something wrong stops the others; the engine is left to `body` until that has ended.
    const results = await Promise.allSettled(
      [body(), ...workers].map((it) => it.finally(() => over.abort())),
    );
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  /** Kills the engine, or now and then stops it, and starts it again after a moment. */
  async replaceEngine(): Promise<void> {
    this.#deaths++;
    if (this.#random(5) === 0) await this.#engine.stop();
    else await this.#engine.kill9();
    await sleep(this.#random(300));
    await this.#engine.start();
    this.#deaths++;
  }

  /** Asserts, while no client is at work, that everything is as it has to be. */
  async check(): Promise<void> {
    for (const { id } of await list(this.#engine)) await checkContainer(this.#engine, id);
    let found: string[] = [];
    await eventually('nothing is left behind', async () => {
      found = await this.#engine.leftovers(await list(this.#engine));
      return found.length === 0;
    }).catch(({ message }: Error) => {
      throw new Error(`${message}:\n${found.join('\n')}`);
    });
  }

  /** Removes all containers, and the images that were made of them. */
  async end(): Promise<void> {
    await Promise.all(
      (await list(this.#engine)).map(({ id }) => this.#engine.request('DELETE', `/containers/${id}?force=1`)),
    );
    const filters = encodeURIComponent(JSON.stringify({ reference: [REPOSITORY] }));
    const answer = await this.#engine.request('GET', `/images/json?filters=${filters}`);
    for (const { Id } of answer.json() as { Id: string }[]) {
      await this.#engine.request('DELETE', `/images/${Id}?force=1`);
    }
  }

  async #work(who: string, client: Client, over: AbortSignal): Promise<void> {
    // A chance of its own, so that one client's choices do not depend on the others' pace.
    const random = seeded(this.#seed + this.#round * 1000 + hash(who));
    while (!over.aborted) await this.#act(who, client, random);
  }

  async #act(who: string, client: Client, random: Random): Promise<void> {
    const [what, maker] = VERBS[random(VERBS.length)]!;
    const name = NAMES[random(NAMES.length)]!;
    const other = NAMES[random(NAMES.length)]!;
    const verb = maker({ random, name, other });
    const deaths = this.#deaths;
    const note = (outcome: string): void => {
      this.#recent.push(`${new Date().toISOString().slice(11, 23)} ${who}: ${what} ${name}: ${outcome}`);
      if (this.#recent.length > 2_000) this.#recent.splice(0, 1_000);
    };
    try {
      await inTime(client(this.#engine, verb, random(LONGEST_STAY)));
      this.#count(what);
      note('done');
    } catch (error) {
      const died = deaths !== this.#deaths || this.#deaths % 2 === 1;
      note(String(error).slice(0, 300));
      if (error instanceof HungUp && died) {
        await sleep(RETRY);
        return;
      }
      if (!(error instanceof Refused && isRightfulRefusal(error.message, died))) {
        throw new Error(`${who}: ${what} ${name}: ${String(error)}`, { cause: error });
      }
      this.#count(`${what} (refused)`);
    }
  }

  #count(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }
}

/** Throws when a client is left waiting. */
async function inTime(work: Promise<void>): Promise<void> {
  const timer = new AbortController();
  const late = sleep(PATIENCE, undefined, { signal: timer.signal }).then(
    () => Promise.reject(new Error(`no answer within ${PATIENCE} ms`)),
    () => {},
  );
  await Promise.race([work, late]).finally(() => timer.abort());
}

function hash(text: string): number {
  return [...text].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) | 0, 7);
}
