import { closeSync, mkdirSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { changeLink, createNetns, deleteNetns, inNetns, Netlink } from '../linux/index.ts';

/** The loopback interface is the first of every namespace. */
const LOOPBACK = 1;

/** A container's namespace from inside. */
export interface SandboxInside {
  /** A socket in the namespace. */
  readonly netlink: Netlink;
  /** The namespace, open. */
  readonly netns: number;
}

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

  /** Makes a container's namespace, empty and with loopback still down. Throws SyscallError; then nothing is left. */
  create(containerId: string): string {
    const path = this.pathOf(containerId);
    try {
      createNetns(path, () => {});
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      // What a crash left under this name belongs to no running container.
      deleteNetns(path);
      createNetns(path, () => {});
    }
    return path;
  }

  /**
   * Puts loopback up in a container's namespace, and lets `furnish` change the interfaces from inside. `furnish` must not
   * await. Throws SyscallError, and what `furnish` throws.
   */
  furnish(containerId: string, furnish: (inside: SandboxInside) => void): void {
    const path = this.pathOf(containerId);
    const netns = openSync(path, 'r');
    try {
      inNetns(path, () => {
        using netlink = new Netlink();
        netlink.send(changeLink(LOOPBACK, { up: true }));
        furnish({ netlink, netns });
      });
    } finally {
      closeSync(netns);
    }
  }

  /** Runs `body` in a container's namespace. It must not await. Throws SyscallError, and what `body` throws. */
  enter(containerId: string, body: () => void): void {
    inNetns(this.pathOf(containerId), body);
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
