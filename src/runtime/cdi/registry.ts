import { readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import * as v from 'valibot';
import { InvalidArgument, messageOf } from '../../api/index.ts';
import { type CdiEdits, type CdiSpec, CdiSpecSchema } from './schema.ts';

/** Larger files are no device descriptions. */
const MAX_SPEC = 8 * 1024 * 1024;

interface Entry {
  readonly spec: CdiSpec;
  readonly edits: CdiEdits;
  /** Position of the file's folder: later ones win. */
  readonly priority: number;
}

/** The devices that the specification files in some folders describe, as they are at the moment of reading. */
export class CdiDevices {
  readonly #entries = new Map<string, Entry>();
  /** Names that two files of the same folder both claim: nobody can say which is meant. */
  readonly #ambiguous = new Set<string>();
  /** What is wrong with files that could not be used. */
  readonly problems: string[] = [];

  /** Reads the files `*.json`, `*.yaml` and `*.yml` of the folders; of two devices of one name the later folder's counts. */
  static async read(folders: readonly string[]): Promise<CdiDevices> {
    const devices = new CdiDevices();
    for (const [priority, folder] of folders.entries()) {
      for (const path of specFiles(folder)) {
        try {
          devices.#add(await readSpec(path), priority);
        } catch (error) {
          devices.problems.push(`${path}: ${messageOf(error)}`);
        }
      }
    }
    return devices;
  }

  /** Qualified names, `vendor.com/class=name`, in order. */
  get names(): string[] {
    return [...this.#entries.keys()].filter((name) => !this.#ambiguous.has(name)).sort();
  }

  /** What the devices of these names change together, in the order of application. Throws InvalidArgument. */
  editsOf(names: readonly string[]): CdiEdits[] {
    const missing = names.filter((name) => !this.#entries.has(name) || this.#ambiguous.has(name));
    if (missing.length > 0) {
      const reasons = this.problems.length > 0 ? ` (unusable: ${this.problems.join('; ')})` : '';
      throw new InvalidArgument(
        `CDI device injection failed: unresolvable CDI devices ${missing.join(', ')}${reasons}`,
      );
    }
    const entries = [...new Set(names)].map((name) => this.#entries.get(name)!);
    // What a file says of all its devices is applied once.
    const common = new Set(entries.map(({ spec }) => spec));
    return [...[...common].map((spec) => spec.containerEdits), ...entries.map(({ edits }) => edits)];
  }

  #add(spec: CdiSpec, priority: number): void {
    for (const { name, containerEdits } of spec.devices) {
      const qualified = `${spec.kind}=${name}`;
      const known = this.#entries.get(qualified);
      if (known?.priority === priority) this.#ambiguous.add(qualified);
      else this.#ambiguous.delete(qualified);
      this.#entries.set(qualified, { spec, edits: containerEdits, priority });
    }
  }
}

function specFiles(folder: string): string[] {
  try {
    const names = readdirSync(folder).filter((name) => ['.json', '.yaml', '.yml'].includes(extname(name)));
    return names.sort().map((name) => join(folder, name));
  } catch {
    // Most machines have no such folder.
    return [];
  }
}

async function readSpec(path: string): Promise<CdiSpec> {
  if (statSync(path).size > MAX_SPEC) throw new InvalidArgument('the file is too large');
  const text = readFileSync(path, 'utf8');
  return v.parse(CdiSpecSchema, path.endsWith('.json') ? JSON.parse(text) : await parseYaml(text));
}

/** Few machines have such a file, so the parser is loaded when there is one. */
async function parseYaml(text: string): Promise<unknown> {
  const { parse } = await import('yaml');
  // As the vendors' own tools read it: 0660 is octal.
  return parse(text, { version: '1.1' });
}
