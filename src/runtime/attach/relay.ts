import { Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { Internal } from '../../api/index.ts';
import { close, eventfd, write } from '../../linux/index.ts';
import type { Answer, Command, ThreadData } from './protocol.ts';

/** What an attached client wants to see. */
export interface AttachOptions {
  /** Path of conmon's attach socket. */
  readonly path: string;
  /** Stdcopy frames when true, bare bytes when false. */
  readonly framed: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
}

const ONE = Buffer.alloc(8);
ONE.writeBigUInt64LE(1n);

/**
 * The engine's side of the relay thread. It outlives every session; the thread never keeps the process alive.
 *
 * A session is an ordinary socket: reading gives the container's output, writing is its input, `end()` its end of
 * input, and the socket ends when the container's output does.
 */
export class Relay {
  readonly #wake = eventfd();
  readonly #worker: Worker;
  readonly #waiting = new Map<number, { resolve(value: number): void; reject(error: Error): void }>();
  #nextId = 1;

  /** `folder` is where output may be kept that slow clients have still to get. */
  constructor(folder: string) {
    this.#worker = new Worker(new URL('./thread.ts', import.meta.url), {
      workerData: { wake: this.#wake, folder } satisfies ThreadData,
      resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 4 },
    });
    this.#worker.unref();
    this.#worker.on('message', (answer: Answer) => this.#take(answer));
    this.#worker.on('error', (error) =>
      this.#fail(error instanceof Error ? error : new Error(String(error))),
    );
  }

  /** Connects to a container's streams. Throws Internal when conmon does not answer. */
  async attach(options: AttachOptions): Promise<Socket> {
    const fd = await this.#ask((id) => ({ kind: 'attach', id, ...options }));
    return new Socket({ fd, readable: true, writable: true, allowHalfOpen: true });
  }

  /** Resolves when the process has ended; at once when there is none. */
  async ended(pid: number): Promise<void> {
    await this.#ask((id) => ({ kind: 'watch', id, pid }));
  }

  /**
   * Resolves with the descriptor that is sent to a listening socket, whose descriptor passes into the thread's hands; see
   * `listenUnix`. Aborting gives up. Throws Internal.
   */
  async receiveFd(listening: number, signal: AbortSignal): Promise<number> {
    const giveUp = () => this.#tell({ kind: 'forget', id: 0, listening });
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      return await this.#ask((id) => ({ kind: 'receive', id, listening }));
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  /** Stops the thread: open sessions end. */
  async close(): Promise<void> {
    const stopped = this.#worker.terminate();
    // The thread sits in the kernel; it notices its end only when the wait returns.
    write(this.#wake, ONE);
    await stopped;
    close(this.#wake);
    this.#fail(new Internal('the engine is stopping'));
  }

  #ask(command: (id: number) => Command): Promise<number> {
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      this.#waiting.set(id, { resolve, reject });
      this.#tell(command(id));
    });
  }

  #tell(command: Command): void {
    this.#worker.postMessage(command);
    write(this.#wake, ONE);
  }

  #take(answer: Answer): void {
    if (answer.kind === 'ready') return;
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (answer.kind === 'got') waiting?.resolve(answer.fd);
    else if (answer.kind === 'ended') waiting?.resolve(0);
    else waiting?.reject(new Internal(`cannot attach to the container's streams: ${answer.message}`));
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
