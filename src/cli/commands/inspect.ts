import { type Client, Containers, EngineError, Images, System } from '../../client/index.ts';
import { atLeast, defineCommand } from '../command.ts';
import { CliError } from '../errors.ts';
import { bool, string } from '../flags.ts';
import { INSPECT_FORMAT_HELP } from '../format.ts';
import { findAll, printFound } from '../inspect.ts';
import { complain } from '../output.ts';

const TYPES = [
  'config',
  'container',
  'image',
  'network',
  'node',
  'plugin',
  'secret',
  'service',
  'task',
  'volume',
];

/** Kinds that a name without `--type` may mean, in the order in which they are tried. */
const ORDER = [
  'container',
  'image',
  'network',
  'volume',
  'service',
  'task',
  'node',
  'plugin',
  'secret',
  'config',
];

/** Kinds other than containers and images: the path of their inspect call. */
const PATHS: Readonly<Record<string, string>> = {
  network: 'networks',
  volume: 'volumes',
  service: 'services',
  task: 'tasks',
  node: 'nodes',
  secret: 'secrets',
  config: 'configs',
};

export const command = defineCommand({
  use: '[OPTIONS] NAME|ID [NAME|ID...]',
  args: atLeast(1),
  flags: {
    format: string(INSPECT_FORMAT_HELP, { short: 'f' }),
    size: bool('Display total file sizes if the type is container', { short: 's' }),
    type: string('Only inspect objects of the given type'),
  },
  async run({ values, changed, args, cli }) {
    const { type, size } = values;
    if (changed.has('type') && !TYPES.includes(type)) {
      if (type === '')
        throw new CliError(
          'type is empty: must be one of "config", "container", "image", "network", "node", "plugin", "secret", "service", "task", "volume"',
        );
      throw new CliError(
        `unknown type: ${JSON.stringify(type)}: must be one of ${TYPES.map((t) => `"${t}"`).join(', ')}`,
      );
    }
    const finder = new Finder(await cli.client(), size);
    const found = await findAll(args, (name) => (type ? finder.ofType(type, name) : finder.ofAnyType(name)));
    await printFound(found, values.format);
  },
});

class Finder {
  readonly #client: Client;
  readonly #size: boolean;

  constructor(client: Client, size: boolean) {
    this.#client = client;
    this.#size = size;
  }

  ofType(type: string, name: string): Promise<string> {
    if (this.#size && type !== 'container') complain(`WARNING: --size ignored for ${type}`);
    return this.#get(type, name);
  }

  async ofAnyType(name: string): Promise<string> {
    for (const type of ORDER) {
      try {
        const found = await this.#get(type, name);
        if (this.#size && type !== 'container') complain(`WARNING: --size ignored for ${type}`);
        return found;
      } catch (error) {
        if (!isAbsent(error)) throw error;
      }
    }
    throw new CliError(`Error: No such object: ${name}`);
  }

  #get(type: string, name: string): Promise<string> {
    if (type === 'container') return new Containers(this.#client).inspectRaw(name, { size: this.#size });
    if (type === 'image') return new Images(this.#client).inspectRaw(name);
    if (type === 'plugin') return new System(this.#client).inspectRaw('plugins', `${name}/json`);
    return new System(this.#client).inspectRaw(PATHS[type]!, name);
  }
}

/** Not there, not a name of that kind, or a kind that this engine does not have (503: not in a swarm). */
function isAbsent(error: unknown): boolean {
  return error instanceof EngineError && [400, 404, 406, 501, 503].includes(error.status);
}
