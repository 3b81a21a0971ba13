import { type Client, Containers, System } from '../../client/index.ts';
import { defineCommand } from '../command.ts';
import { bool, string } from '../flags.ts';
import { chooseFormat, FORMAT_HELP, formatList } from '../format.ts';
import { shortId } from '../ids.ts';
import { print } from '../output.ts';
import { type Sample, STATS_COLUMNS, type StatsRow, statsView } from '../stats-view.ts';

/** How often the display is written anew. */
const REFRESH = 500;

export const command = defineCommand({
  use: '[OPTIONS] [CONTAINER...]',
  args: () => {},
  flags: {
    all: bool('Show all containers (default shows just running)', { short: 'a' }),
    format: string(FORMAT_HELP),
    'no-stream': bool('Disable streaming stats and only pull the first result'),
    'no-trunc': bool('Do not truncate output'),
  },
  async run({ values, args, cli }) {
    const format = chooseFormat(values.format, cli.config.statsFormat, false);
    const view = statsView(!values['no-trunc']);
    const show = async (rows: readonly StatsRow[]): Promise<string> =>
      await formatList(view, rows, { kind: 'container.stats', format, columns: STATS_COLUMNS });
    const watcher = new Watcher(await cli.client(), !values['no-stream']);
    await watcher.begin(args, values.all);
    if (values['no-stream']) {
      await watcher.firstSamples();
      return print(await show(watcher.rows()));
    }
    for (;;) {
      // Home, the lines with their ends cleared, then whatever was below them.
      const text = (await show(watcher.rows())).replaceAll('\n', '\u001b[K\n');
      print(`\u001b[H${text}\u001b[J`);
      await new Promise((resolve) => setTimeout(resolve, REFRESH));
      watcher.check();
    }
  },
});

interface Watched {
  sample: Sample | undefined;
  readonly first: Promise<void>;
}

/** Follows the resource use of containers: of those named, or of all that run, come and go. */
class Watcher {
  readonly #containers: Containers;
  readonly #system: System;
  readonly #stream: boolean;
  readonly #watched = new Map<string, Watched>();
  #failure: unknown;

  constructor(client: Client, stream: boolean) {
    this.#containers = new Containers(client);
    this.#system = new System(client);
    this.#stream = stream;
  }

  async begin(names: readonly string[], all: boolean): Promise<void> {
    if (names.length > 0) {
      for (const name of names) this.#watch(name);
      await this.firstSamples();
      this.check();
      return;
    }
    if (this.#stream) void this.#follow(all).catch((error: unknown) => this.#fail(error));
    for (const { Id } of await this.#containers.list({ all })) this.#watch(shortId(Id));
  }

  async firstSamples(): Promise<void> {
    await Promise.all([...this.#watched.values()].map(({ first }) => first));
    this.check();
  }

  rows(): StatsRow[] {
    return [...this.#watched].map(([container, { sample }]) => ({ container, sample }));
  }

  /** Throws what went wrong meanwhile. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  #watch(container: string): void {
    if (this.#watched.has(container)) return;
    const { promise: first, resolve } = Promise.withResolvers<void>();
    const watched: Watched = { sample: undefined, first };
    this.#watched.set(container, watched);
    void this.#collect(container, watched, resolve)
      .catch((error: unknown) => this.#fail(error))
      .finally(resolve);
  }

  async #collect(container: string, watched: Watched, seen: () => void): Promise<void> {
    for await (const sample of this.#containers.stats(container, { stream: this.#stream })) {
      watched.sample = sample as Sample;
      seen();
    }
  }

  /** Takes in containers that start, and lets go of those that end. */
  async #follow(all: boolean): Promise<void> {
    for await (const { event } of this.#system.events({ filters: '{"type":{"container":true}}' })) {
      const id = shortId(event.Actor.ID);
      if (event.Action === 'start' || (all && event.Action === 'create')) this.#watch(id);
      if (event.Action === 'destroy' || (!all && event.Action === 'die')) this.#watched.delete(id);
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
  }
}
