import { changeLink, deleteLink, findLink, Netlink } from '../linux/index.ts';

const LOOK_EVERY_MS = 20;
/** The kernel takes some 5 to 30 ms to clear a namespace away, and its veth pairs with it. */
const PATIENCE_MS = 1000;

/**
 * Sees to it that dead containers' interfaces go. Deleting a link makes the caller wait some 20 ms for the kernel, so it
 * is not done: the interface is taken down, which ends its traffic at once, and goes with the namespace of its other end.
 * Only what is still there after a second, because something lives on in that namespace, is deleted, in a thread.
 */
export class LinkReaper {
  readonly #netlink: Netlink;
  readonly #dying = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #drained = Promise.withResolvers<void>();

  constructor(netlink: Netlink) {
    this.#netlink = netlink;
    this.#drained.resolve();
  }

  /** Takes a link down and sees it gone. One that is not there is no error. Throws SyscallError. */
  bury(name: string): void {
    try {
      this.#netlink.send(changeLink(name, { up: false }));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENODEV') return;
      throw error;
    }
    if (this.#dying.size === 0) this.#drained = Promise.withResolvers();
    this.#dying.set(name, Date.now() + PATIENCE_MS);
    this.#schedule();
  }

  /** Settles when every buried link is gone. */
  drained(): Promise<void> {
    return this.#drained.promise;
  }

  /** Looks no more; links that are still going do so by themselves. */
  close(): void {
    clearTimeout(this.#timer);
    this.#dying.clear();
    this.#drained.resolve();
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => {
      void this.#look().finally(() => {
        this.#timer = undefined;
        if (this.#dying.size > 0) this.#schedule();
        else this.#drained.resolve();
      });
    }, LOOK_EVERY_MS).unref();
  }

  async #look(): Promise<void> {
    for (const [name, deadline] of this.#dying) {
      if (findLink(this.#netlink, name) === undefined) this.#dying.delete(name);
      else if (Date.now() > deadline) {
        this.#dying.delete(name);
        await deleteInThread(name);
      }
    }
  }
}

async function deleteInThread(name: string): Promise<void> {
  using netlink = new Netlink();
  try {
    await netlink.sendInThread(deleteLink(name));
  } catch {
    // Gone meanwhile, or somebody else's concern by now: the next start of the engine looks again.
  }
}
