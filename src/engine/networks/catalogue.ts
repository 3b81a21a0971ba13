import { InvalidArgument, NotFound } from '../../api/index.ts';
import { BridgeDriver, type Driver, StackedDriver } from '../../network/index.ts';
import type { NetworkRecord } from './store.ts';

/** A network as the engine has it: its record, and the driver that does it. */
export interface Network {
  readonly record: NetworkRecord;
  readonly driver: Driver;
}

/** The networks that there are, by name and by ID. */
export class Catalogue {
  readonly #byName = new Map<string, Network>();
  readonly #byId = new Map<string, Network>();

  add(network: Network): void {
    this.#byName.set(network.record.name, network);
    this.#byId.set(network.record.id, network);
  }

  delete({ record }: Network): void {
    this.#byName.delete(record.name);
    this.#byId.delete(record.id);
  }

  all(): Network[] {
    return [...this.#byName.values()];
  }

  byId(id: string): Network | undefined {
    return this.#byId.get(id);
  }

  byName(name: string): Network | undefined {
    return this.#byName.get(name);
  }

  /** By ID, name, or the beginning of an ID that only one has. Throws NotFound, InvalidArgument. */
  find(reference: string): Network {
    const exact = this.#byId.get(reference) ?? this.#byName.get(reference);
    if (exact !== undefined) return exact;
    const begun = this.all().filter(({ record }) => record.id.startsWith(reference));
    if (begun.length > 1) {
      throw new InvalidArgument(
        `network ${reference} is ambiguous (${begun.length} matches found based on ID prefix)`,
      );
    }
    if (begun[0] === undefined || reference === '') throw new NotFound(`network ${reference} not found`);
    return begun[0];
  }

  /** The interfaces of the host that networks are made of, by name. */
  ownLinks(): string[] {
    return this.all().flatMap(({ driver }) => {
      if (driver instanceof BridgeDriver) return [driver.bridgeName];
      return driver instanceof StackedDriver ? driver.ownLinks : [];
    });
  }

  /** Those that are bridges. */
  bridges(): BridgeDriver[] {
    return this.all().flatMap(({ driver }) => (driver instanceof BridgeDriver ? [driver] : []));
  }
}
