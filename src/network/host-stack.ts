import { closeSync } from 'node:fs';
import { Netlink, openCurrentNetns } from '../linux/index.ts';
import { LinkReaper } from './reaper.ts';

/**
 * The host's network as one engine works on it. `owner` is the engine's name on this machine (`berth`, `berth-1f2e3d4c`):
 * its nft table bears it, and every link that it makes has it in its alias, so that engines never touch each other's.
 */
export class HostStack implements Disposable {
  readonly owner: string;
  /** The host's namespace, open. */
  readonly home = openCurrentNetns();
  readonly netlink = new Netlink();
  /** For packet filter and connection tracking. */
  readonly netfilter = new Netlink('netfilter');
  readonly reaper = new LinkReaper(this.netlink);

  /** Opens the stack of the namespace in which the thread is now. Throws SyscallError. */
  constructor(owner: string) {
    this.owner = owner;
  }

  /** The alias of a container's interface. */
  aliasOf(containerId: string): string {
    return `${this.owner}/${containerId}`;
  }

  /** Whether a link with this alias is a container's interface of this engine. */
  owns(alias: string): boolean {
    return alias.startsWith(`${this.owner}/`);
  }

  [Symbol.dispose](): void {
    this.reaper.close();
    this.netlink.close();
    this.netfilter.close();
    closeSync(this.home);
  }
}

/** Whether an alias tells that some engine made the link. */
export function isMarked(alias: string): boolean {
  return /^berth(-[0-9a-f]+)?(\/|$)/.test(alias);
}
