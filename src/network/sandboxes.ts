import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { changeLink, createNetns, deleteNetns, Netlink } from '../linux/index.ts';
import type { Inside } from './drivers/driver.ts';

/** The loopback interface is the first of every namespace. */
const LOOPBACK = 1;

/** The containers' network namespaces, each held by the file `<folder>/<container ID>`. */
export class Sandboxes {
  readonly #folder: string;

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    this.#folder = folder;
  }

  pathOf(containerId: string): string {
    return join(this.#folder, containerId);
  }

  /**
   * Makes a container's namespace with loopback up, and lets `furnish` add interfaces. `furnish` must not await. When
   * anything fails nothing is left. Throws SyscallError, and what `furnish` throws.
   */
  create<T>(containerId: string, furnish: (inside: Inside) => T): T {
    const path = this.pathOf(containerId);
    // What a crash left under this name belongs to no running container.
    deleteNetns(path);
    return createNetns(path, (home) => {
      using netlink = new Netlink();
      netlink.send(changeLink(LOOPBACK, { up: true }));
      return furnish({ netlink, home, interfaceName: 'eth0' });
    });
  }

  /** Lets the namespace go, and with it both ends of its veth pairs. A missing one is no error. */
  delete(containerId: string): void {
    deleteNetns(this.pathOf(containerId));
  }

  /** The containers that have a namespace. */
  list(): string[] {
    return readdirSync(this.#folder);
  }
}
