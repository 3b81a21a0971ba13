import { applyNft, changeElements, listNft, type NftChange, NftError } from '../../linux/index.ts';
import type { HostStack } from '../host-stack.ts';
import {
  type BridgeRules,
  bridgeElements,
  type Placed,
  type PortRule,
  portElement,
  renderTable,
} from './rules.ts';

/** A chain of somebody else's that drops forwarded packets unless a rule lets them through. */
export interface DropPolicy {
  readonly family: string;
  readonly table: string;
  readonly chain: string;
}

/**
 * The engine's own nft table, `inet <owner>`. Nothing else in the host's rules is ever touched: a packet that this table
 * lets pass may still be dropped by another one, because in nftables any drop wins.
 */
export class Firewall {
  readonly #stack: HostStack;
  readonly #table: string;

  constructor(stack: HostStack) {
    this.#stack = stack;
    this.#table = stack.owner;
  }

  /** Whether there is a table, left by an engine before this one. Throws NftError. */
  async exists(): Promise<boolean> {
    return (await listNft('table', 'inet', this.#table)).length > 0;
  }

  /**
   * Puts exactly these rules in place of the old ones, in one transaction: connections go on, and none is refused in
   * between. For no bridge, no table. Throws NftError.
   */
  async replace(bridges: readonly BridgeRules[], ports: readonly PortRule[] = []): Promise<void> {
    const elements = [...bridges.flatMap(bridgeElements), ...ports.map(portElement)];
    await applyNft(this.#deletion + (bridges.length === 0 ? '' : renderTable(this.#table, elements)));
  }

  /** Adds a bridge. Throws SyscallError. */
  addBridge(rules: BridgeRules): void {
    this.#change('add', bridgeElements(rules));
  }

  /** Takes a bridge away; one that is not there is no error. Throws SyscallError. */
  removeBridge(rules: BridgeRules): void {
    this.#change('delete', bridgeElements(rules));
  }

  /** Opens ports, all or none. Throws SyscallError. */
  publish(ports: readonly PortRule[]): void {
    this.#change('add', ports.map(portElement));
  }

  /** Closes ports; closed ones are no error. Connections that are established go on. Throws SyscallError. */
  withdraw(ports: readonly PortRule[]): void {
    this.#change('delete', ports.map(portElement));
  }

  /** Deletes the table; a missing one is no error. Throws NftError. */
  async remove(): Promise<void> {
    await applyNft(this.#deletion);
  }

  #change(action: NftChange['action'], placed: readonly Placed[]): void {
    const sets = Map.groupBy(placed, ({ set }) => set);
    const changes = [...sets].map(([set, list]) => ({
      action,
      set,
      elements: list.map(({ element }) => element),
    }));
    if (changes.length === 0) return;
    try {
      this.#stack.netfilter.transact(...changeElements(this.#table, changes));
    } catch (error) {
      if (action === 'add' || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      this.#deleteSingly(changes);
    }
  }

  /** Some of what is to go has gone already: the rest must not stay because of it. */
  #deleteSingly(changes: readonly NftChange[]): void {
    for (const { action, set, elements } of changes) {
      for (const element of elements) {
        try {
          this.#stack.netfilter.transact(
            ...changeElements(this.#table, [{ action, set, elements: [element] }]),
          );
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        }
      }
    }
  }

  /** Adding first makes it work whether the table is there or not. */
  get #deletion(): string {
    return `add table inet ${this.#table}\ndelete table inet ${this.#table}\n`;
  }
}

/** The chains of others that drop what is forwarded and not let through, such as Docker's. Never throws: it is a hint. */
export async function dropPolicies(): Promise<DropPolicy[]> {
  try {
    const chains = (await listNft('chains')).flatMap((object) =>
      'chain' in object ? [object.chain as Chain] : [],
    );
    return chains
      .filter((chain) => chain.hook === 'forward' && chain.policy === 'drop')
      .map(({ family, table, name }) => ({ family, table, chain: name }));
  } catch (error) {
    if (error instanceof NftError) return [];
    throw error;
  }
}

interface Chain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly hook?: string;
  readonly policy?: string;
}
