import { applyNft, listNft, NftError } from '../linux/index.ts';

/** What one bridge needs. */
export interface BridgeRules {
  readonly bridge: string;
  /** IPv4 subnet as CIDR. */
  readonly subnet: string;
  /** Whether packets that leave by another interface get the host's address. */
  readonly masquerade: boolean;
}

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
  readonly #table: string;

  constructor(owner: string) {
    this.#table = owner;
  }

  /** Puts exactly these rules in place of the old ones, in one transaction; for none, no table. Throws NftError. */
  async replace(bridges: readonly BridgeRules[]): Promise<void> {
    await applyNft(this.#deletion + (bridges.length === 0 ? '' : renderTable(this.#table, bridges)));
  }

  /** Deletes the table; a missing one is no error. Throws NftError. */
  async remove(): Promise<void> {
    await applyNft(this.#deletion);
  }

  /** Adding first makes it work whether the table is there or not. */
  get #deletion(): string {
    return `add table inet ${this.#table}\ndelete table inet ${this.#table}\n`;
  }
}

/**
 * The table for these bridges. Forwarded packets are sorted by the interface that they leave by, and packets to be given
 * the host's address by the subnet that they come from, each with one look-up however many bridges there are.
 */
export function renderTable(table: string, bridges: readonly BridgeRules[]): string {
  const masqueraded = bridges.filter((rules) => rules.masquerade);
  return `table inet ${table} {
${bridges.map(renderInto).join('')}${masqueraded.map(renderOut).join('')}
  map into {
    type ifname : verdict
    ${elements(bridges.map(({ bridge }) => `"${bridge}" : jump into-${bridge}`))}
  }
  map out {
    type ipv4_addr : verdict
    flags interval
    ${elements(masqueraded.map(({ bridge, subnet }) => `${subnet} : jump out-${bridge}`))}
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    oifname vmap @into
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr vmap @out
  }
}
`;
}

/** Answers come in, neighbours come in (when the kernel shows bridged packets to the firewall), strangers do not. */
function renderInto({ bridge }: BridgeRules): string {
  return `  chain into-${bridge} {
    ct state established,related accept
    iifname "${bridge}" accept
    drop
  }
`;
}

function renderOut({ bridge }: BridgeRules): string {
  return `  chain out-${bridge} {
    oifname != "${bridge}" masquerade
  }
`;
}

function elements(list: readonly string[]): string {
  return list.length === 0 ? '' : `elements = { ${list.join(', ')} }`;
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
