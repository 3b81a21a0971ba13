import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { Bundle } from '../../runtime/index.ts';
import { Mutex } from '../mutex.ts';
import type { ContainerRecord, ContainerState } from './record.ts';

/** How a container's process ended. */
export interface ContainerExit {
  readonly exitCode: number;
  readonly error: string;
}

/** A client that wants the streams of a container that has none yet. */
export interface PendingClient {
  readonly client: Duplex;
  /** Called when the container's streams are there, before its program runs. */
  connect(): Promise<void>;
}

/** Where a container's own files are. */
export class ContainerFiles {
  readonly folder: string;

  constructor(dataRoot: string, id: string) {
    this.folder = join(dataRoot, 'containers', id);
  }

  /** The writable layer. */
  get upper(): string {
    return join(this.folder, 'upper');
  }

  /** overlayfs's own. */
  get work(): string {
    return join(this.folder, 'work');
  }

  /** Where the layers are mounted together while the container runs. */
  get rootfs(): string {
    return join(this.folder, 'rootfs');
  }

  get log(): string {
    return join(this.folder, 'container.log');
  }

  get checkpoints(): string {
    return join(this.folder, 'checkpoints');
  }

  get hostname(): string {
    return join(this.folder, 'hostname');
  }

  get hosts(): string {
    return join(this.folder, 'hosts');
  }

  get resolvConf(): string {
    return join(this.folder, 'resolv.conf');
  }
}

/**
 * One container in the engine's memory: its record and state, whose changes go through the store, and those who wait for
 * it. Reading needs no lock; whoever changes its processes or files holds `lock`.
 */
export class Container {
  record: ContainerRecord;
  state: ContainerState;
  readonly files: ContainerFiles;
  readonly bundle: Bundle;
  readonly lock = new Mutex();
  /** Clients to connect when it starts. */
  readonly pending = new Set<PendingClient>();
  /** Set while a removal is under way, and after it. */
  removing = false;
  /** How many restarts are under way: an end meanwhile is not the one after which the container may have to go. */
  restarts = 0;
  #exit = Promise.withResolvers<ContainerExit>();
  readonly #removal = Promise.withResolvers<ContainerExit>();

  constructor(
    record: ContainerRecord,
    state: ContainerState,
    folders: { dataRoot: string; execRoot: string },
  ) {
    this.record = record;
    this.state = state;
    this.files = new ContainerFiles(folders.dataRoot, record.id);
    this.bundle = new Bundle(folders.execRoot, record.id);
  }

  get id(): string {
    return this.record.id;
  }

  get name(): string {
    return this.record.name;
  }

  /** Resolves at the next end of the container's process. */
  get nextExit(): Promise<ContainerExit> {
    return this.#exit.promise;
  }

  /** Resolves when the container has been removed, with how its process last ended. */
  get removal(): Promise<ContainerExit> {
    return this.#removal.promise;
  }

  /** The last end of the process. */
  get lastExit(): ContainerExit {
    return { exitCode: this.state.exitCode, error: this.state.error };
  }

  /** Tells those who wait that the process has ended. The state must say so already. */
  tellExit(): void {
    const told = this.#exit;
    this.#exit = Promise.withResolvers();
    told.resolve(this.lastExit);
  }

  /** Tells those who wait that the container is gone. */
  tellRemoval(): void {
    this.#exit.resolve(this.lastExit);
    this.#removal.resolve(this.lastExit);
  }
}
