import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Duplex, Readable } from 'node:stream';
import {
  Conflict,
  type CreateContainerRequest,
  type CreateExecRequest,
  type EndpointSettings,
  type Filters,
  type HostConfig,
  InvalidArgument,
  NotFound,
  NotImplemented,
  type StartExecRequest,
} from '../../api/index.ts';
import { breakOffArchives, type Change, type PathStat } from '../../layers/index.ts';
import { diskUsage } from '../../linux/index.ts';
import { Exits, Relay, tellConmon } from '../../runtime/index.ts';
import type { EngineConfig } from '../config.ts';
import type { Database } from '../database.ts';
import type { EventBus } from '../events/index.ts';
import { folderSize } from '../folder-size.ts';
import type { ImageService } from '../images/index.ts';
import type { Logger } from '../log.ts';
import type { NetworkService } from '../networks/index.ts';
import type { ContainerUsage } from '../system/disk-usage.ts';
import type { VolumeService } from '../volumes/index.ts';
import { getArchive, type PutArchiveOptions, putArchive, statPath } from './archive.ts';
import { type AttachRequest, attach, checkAttach } from './attach.ts';
import { changes } from './changes.ts';
import {
  type CheckpointName,
  checkpointToRestore,
  createCheckpoint,
  listCheckpoints,
  removeCheckpoint,
} from './checkpoints.ts';
import { type CommitOptions, commit } from './commit.ts';
import type { Container, ContainerExit } from './container.ts';
import { type CreatedContainer, type CreateOptions, createContainer } from './create.ts';
import { Execs } from './execs.ts';
import { exportContainer } from './export.ts';
import { freeze } from './freeze.ts';
import { Health } from './health.ts';
import { actOnFailure } from './health-action.ts';
import { inspectContainer } from './inspect.ts';
import { selectContainers, summarise } from './list.ts';
import { LogKeeper } from './logs/keeper.ts';
import { type ContainerLog, type LogRequest, readContainerLog } from './logs/read.ts';
import { volumesOf } from './mounts/point.ts';
import { withVolumeRenamed } from './mounts/rename.ts';
import { connectNetwork, disconnectNetwork } from './networking.ts';
import { ContainerParts } from './parts.ts';
import { pause, unpause } from './pause.ts';
import { type PruneReport, prune } from './prune.ts';
import { type ContainerRecord, isRunning, isUp } from './record.ts';
import { recover } from './recover.ts';
import { type RemoveOptions, remove } from './remove.ts';
import { rename } from './rename.ts';
import { Stats, type StatsRequest } from './stats.ts';
import { kill, type StopOptions, stop } from './stop.ts';
import { ContainerStore } from './store.ts';
import { Supervisor } from './supervisor.ts';
import { type ProcessTable, top } from './top.ts';
import { type UpdateReport, update } from './update.ts';

/** What the containers need of the rest of the engine. */
export interface ContainerServiceParts {
  readonly database: Database;
  readonly config: EngineConfig;
  readonly images: ImageService;
  readonly networks: NetworkService;
  readonly volumes: VolumeService;
  readonly events: EventBus;
  readonly log: Logger;
}

/** When `wait` answers. */
export type WaitCondition = 'not-running' | 'next-exit' | 'removed';

/** Everything that can be done with containers. A reference is a full ID, a name or the beginning of an ID. */
export class ContainerService {
  readonly #parts: ContainerParts;
  readonly #store: ContainerStore;
  readonly #execs: Execs;
  readonly #health: Health;
  readonly #stats: Stats;
  readonly #supervisor: Supervisor;
  readonly #logs: LogKeeper;

  private constructor(given: ContainerServiceParts) {
    const { config } = given;
    this.#store = new ContainerStore(given.database, config);
    const exits = join(config.dataRoot, 'exits');
    mkdirSync(exits, { recursive: true, mode: 0o700 });
    this.#parts = new ContainerParts({
      ...given,
      store: this.#store,
      relay: new Relay(join(config.dataRoot, 'tmp')),
      exits: new Exits(exits, (exit) => {
        const container = this.#store.byId(exit.id);
        if (container !== undefined) this.#supervisor.exited(container, exit);
      }),
      conmonEnded: (container) => void this.#supervisor.conmonEnded(container),
      finishLog: (container) => this.#logs.finish(container),
    });
    this.#execs = new Execs(this.#parts);
    this.#health = new Health(this.#parts, this.#execs, (container) => {
      void actOnFailure(this.#parts, container, () => this.restart(container.id, {}));
    });
    this.#stats = new Stats(this.#parts);
    this.#logs = new LogKeeper(this.#parts);
    this.#supervisor = new Supervisor(this.#parts);
  }

  /** Takes up the containers as they are: those that run go on running. */
  static async open(given: ContainerServiceParts): Promise<ContainerService> {
    const service = new ContainerService(given);
    try {
      await recover(service.#parts);
      service.#supervisor.takeUp();
      service.#health.resume();
      service.#logs.resume();
      return service;
    } catch (error) {
      await service.close();
      throw error;
    }
  }

  /** Throws NotFound (image), Conflict (name), InvalidArgument, NotImplemented. */
  create(request: CreateContainerRequest, options: CreateOptions = {}): Promise<CreatedContainer> {
    return createContainer(this.#parts, request, options);
  }

  /** Starts a container, where a checkpoint has left it if one is named. Throws NotFound, NotModified, Conflict, StartFailed. */
  async start(reference: string, checkpoint?: CheckpointName): Promise<void> {
    const container = this.#store.get(reference);
    const restore = checkpoint && (await checkpointToRestore(this.#parts, container, checkpoint));
    await this.#supervisor.start(container, restore);
  }

  /** Throws NotFound, Conflict, InvalidArgument, NotImplemented, Internal. */
  createCheckpoint(reference: string, request: CheckpointName & { readonly exit: boolean }): Promise<void> {
    return createCheckpoint(this.#parts, this.#store.get(reference), request);
  }

  /** Throws NotFound, InvalidArgument, NotImplemented. */
  checkpoints(reference: string, folder: string): Array<{ readonly Name: string }> {
    return listCheckpoints(this.#parts, this.#store.get(reference), folder);
  }

  /** Throws NotFound, InvalidArgument, NotImplemented. */
  removeCheckpoint(reference: string, checkpoint: CheckpointName): void {
    removeCheckpoint(this.#parts, this.#store.get(reference), checkpoint);
  }

  /** Throws NotFound, NotModified, InvalidArgument. */
  stop(reference: string, options: StopOptions): Promise<void> {
    const container = this.#store.get(reference);
    if (this.#supervisor.restarts.cancel(container)) return this.#stoppedWaiting(container);
    return stop(this.#parts, container, options);
  }

  /** Throws NotFound, Conflict, InvalidArgument. */
  kill(reference: string, signal: string): Promise<void> {
    return kill(this.#parts, this.#store.get(reference), signal);
  }

  /** Stops the container if it runs, and starts it. Throws NotFound, StartFailed. */
  restart(reference: string, options: StopOptions): Promise<void> {
    return this.#supervisor.restart(this.#store.get(reference), options);
  }

  /** Throws NotFound, Conflict. */
  remove(reference: string, options: RemoveOptions & { readonly link: boolean }): Promise<void> {
    if (options.link)
      throw new NotImplemented('removing a link (--link) is not supported: remove the container that has it');
    const container = this.#store.get(reference);
    if (options.force) this.#supervisor.restarts.cancel(container);
    return remove(this.#parts, container, options);
  }

  /** Resolves with how the container ended, once the condition holds. Throws NotFound at once. */
  wait(reference: string, condition: WaitCondition): Promise<ContainerExit> {
    const container = this.#store.get(reference);
    if (condition === 'removed') return container.removal;
    return condition === 'next-exit' ? container.nextExit : this.#stopped(container);
  }

  /** Throws NotFound, Conflict. */
  pause(reference: string): Promise<void> {
    const container = this.#store.get(reference);
    return container.lock.run(() => pause(this.#parts, container));
  }

  /** Throws NotFound, Internal. */
  unpause(reference: string): Promise<void> {
    const container = this.#store.get(reference);
    return container.lock.run(() => unpause(this.#parts, container));
  }

  /** Throws NotFound, Conflict, InvalidArgument. */
  rename(reference: string, name: string): void {
    rename(this.#parts, this.#store.get(reference), name);
  }

  /** Throws NotFound, Forbidden (in it already), InvalidArgument. */
  connectNetwork(reference: string, network: string, settings: EndpointSettings): Promise<void> {
    return connectNetwork(this.#parts, this.#store.get(reference), network, settings);
  }

  /** Throws NotFound, Forbidden (not in it), InvalidArgument. */
  disconnectNetwork(reference: string, network: string, force: boolean): Promise<void> {
    return disconnectNetwork(this.#parts, this.#store.get(reference), network, force);
  }

  /** The container's processes by ps(1). Throws NotFound, Conflict, InvalidArgument. */
  top(reference: string, psArgs: string): Promise<ProcessTable> {
    return top(this.#parts, this.#store.get(reference), psArgs);
  }

  /** Changes limits and restart policy. Throws NotFound, InvalidArgument, Conflict, Internal. */
  update(reference: string, request: HostConfig): Promise<UpdateReport> {
    const container = this.#store.get(reference);
    return container.lock.run(() => update(this.#parts, container, request));
  }

  /** What the container uses of the machine, in the shape of `GET /containers/{id}/stats`. Throws NotFound. */
  stats(reference: string, request: StatsRequest): AsyncGenerator<Record<string, unknown>> {
    return this.#stats.of(this.#store.get(reference), request);
  }

  /** Removes stopped containers. Throws InvalidArgument. */
  prune(filters: Filters): Promise<PruneReport> {
    return prune(this.#parts, filters);
  }

  /** What differs between the container's files and its image's. Throws NotFound. */
  changes(reference: string): Promise<Change[]> {
    return changes(this.#parts, this.#store.get(reference));
  }

  /** All files of the container as a tar archive. Throws NotFound. */
  export(reference: string): Promise<Readable> {
    return exportContainer(this.#parts, this.#store.get(reference));
  }

  /** What is at a path in the container. Throws NotFound. */
  statPath(reference: string, path: string): Promise<PathStat> {
    return statPath(this.#parts, this.#place(reference, path));
  }

  /** What is at a path in the container as a tar archive. Throws NotFound. */
  getArchive(reference: string, path: string): Promise<{ stat: PathStat; content: Readable }> {
    return getArchive(this.#parts, this.#place(reference, path));
  }

  /** Unpacks a tar archive in a folder of the container. Throws NotFound, InvalidArgument, Forbidden. */
  putArchive(reference: string, path: string, archive: Readable, options: PutArchiveOptions): Promise<void> {
    return putArchive(this.#parts, this.#place(reference, path), archive, options);
  }

  /** Makes an image of the container and hands back its ID. Throws NotFound, Conflict, InvalidArgument. */
  commit(reference: string, options: CommitOptions): Promise<string> {
    return commit(this.#parts, this.#store.get(reference), options);
  }

  /** Sets the size of a running container's terminal. Throws NotFound, Conflict. */
  async resize(reference: string, rows: number, columns: number): Promise<void> {
    const container = this.#store.get(reference);
    if (!isRunning(container.state)) throw new Conflict(`container ${container.id} is not running`);
    await tellConmon(container.bundle, `1 ${rows} ${columns}`);
    this.#parts.publish(container, 'resize', { height: String(rows), width: String(columns) });
  }

  /** Whether the container has a terminal: its streams are then one, without frames. Throws NotFound. */
  hasTerminal(reference: string): boolean {
    return this.#store.get(reference).record.config.Tty;
  }

  /** Throws what would be too late to say once the connection is a raw stream: NotFound, Conflict, InvalidArgument. */
  checkAttach(reference: string, request: AttachRequest): void {
    checkAttach(this.#store.get(reference), request);
  }

  /** Joins a connection to the container's streams. See `attach.ts`. */
  attach(reference: string, client: Duplex, request: AttachRequest): Promise<void> {
    return attach(this.#parts, this.#store.get(reference), client, request);
  }

  /** The container's log; with `follow` until it stops. Throws NotFound, NotImplemented. */
  logs(reference: string, request: LogRequest): ContainerLog {
    return readContainerLog(this.#store.get(reference), request);
  }

  /** The containers of `GET /containers/json`, newest first. Throws InvalidArgument, NotFound. */
  async list(request: { all: boolean; limit: number; size: boolean; filters: Filters }): Promise<unknown[]> {
    const imageId = (reference: string) => this.#imageId(reference);
    const containers = selectContainers(this.#store, { ...request, imageId });
    if (!request.size) return containers.map((container) => summarise(container, undefined));
    return Promise.all(
      containers.map(async (container) => summarise(container, await this.#sizes(container))),
    );
  }

  /** All containers with what is theirs on disk, logs included, for `GET /system/df`. */
  async diskUsage(): Promise<ContainerUsage[]> {
    const containers = this.#store.all().reverse();
    const sizes = await diskUsage(containers.map(({ files }) => files.folder));
    return containers.map((container) => {
      const rw = sizes.get(container.files.folder) ?? 0;
      const rootFs = rw + this.#parts.images.get(container.record.imageId).size;
      return summarise(container, { rw, rootFs }) as ContainerUsage;
    });
  }

  /** The container in the shape of `GET /containers/{id}/json`. Throws NotFound. */
  async inspect(reference: string, size: boolean): Promise<Record<string, unknown>> {
    const container = this.#store.get(reference);
    return inspectContainer(container, {
      execIds: this.#execs.idsOf(container),
      layers: this.#parts.images.get(container.record.imageId).layers,
      sizes: size ? await this.#sizes(container) : undefined,
    });
  }

  /** Throws NotFound, Conflict, InvalidArgument. */
  createExec(reference: string, request: CreateExecRequest): string {
    return this.#execs.create(this.#store.get(reference), request);
  }

  /** Throws NotFound, Conflict. */
  checkExecStart(id: string, request: StartExecRequest): { readonly tty: boolean } {
    return this.#execs.checkStart(id, request);
  }

  /** Throws NotFound, Conflict, StartFailed. */
  startExec(id: string, request: StartExecRequest, client: Duplex | undefined): Promise<void> {
    return this.#execs.start(id, request, client);
  }

  /** Throws NotFound, Conflict. */
  resizeExec(id: string, rows: number, columns: number): void {
    this.#execs.resize(id, rows, columns);
  }

  /** Throws NotFound. */
  inspectExec(id: string): Record<string, unknown> {
    return this.#execs.inspect(id);
  }

  /** How many there are in each state, for `info`. */
  count(): { running: number; paused: number; stopped: number } {
    const all = this.#store.all();
    const paused = all.filter(({ state }) => state.status === 'paused').length;
    const running = all.filter(({ state }) => state.status === 'running').length;
    return { running, paused, stopped: all.length - running - paused };
  }

  /** The containers of an image, which keep it from being removed. */
  usersOf(imageId: string): Array<{ id: string; running: boolean }> {
    const made = this.#store.all().map(({ record, state }) => ({ record, running: isRunning(state) }));
    const making = [...this.#store.making].map((record) => ({ record, running: true }));
    return [...made, ...making]
      .filter(({ record }) => usesImage(record, imageId))
      .map(({ record, running }) => ({ id: record.id, running }));
  }

  /** The IDs of the containers that have each volume, running or not. */
  volumeUsers(): Map<string, string[]> {
    const users = new Map<string, string[]>();
    for (const { id, mounts } of [...this.#store.all().map(({ record }) => record), ...this.#store.making]) {
      for (const name of volumesOf(mounts)) users.set(name, [...(users.get(name) ?? []), id]);
    }
    return users;
  }

  /** Lets those of the containers that run stand still: see `freeze`. */
  freeze(ids: readonly string[]): Promise<AsyncDisposable> {
    const containers = ids.map((id) => this.#store.byId(id)).filter((container) => container !== undefined);
    return freeze(this.#parts, containers);
  }

  /** Writes another name of a volume into the records that have it: see `writeRecords`. */
  renameVolume(name: string, to: { readonly name: string; readonly source: string }): () => void {
    const records = this.#store.all().map(({ record }) => record);
    return this.#store.writeRecords(
      records
        .filter(({ mounts }) => volumesOf(mounts).includes(name))
        .map((record) => withVolumeRenamed(record, name, to)),
    );
  }

  /** A container's name, or its ID when there is no such container. */
  nameOf(id: string): string {
    return this.#store.byId(id)?.name ?? id;
  }

  /** Lets go of everything; containers keep running. */
  async close(): Promise<void> {
    this.#parts.exits.close();
    this.#stats.close();
    await breakOffArchives();
    await this.#supervisor.close();
    await this.#health.close();
    await this.#logs.close();
    await this.#parts.relay.close();
  }

  /** A container that was stopped while it waited for its restart has no process to end. */
  async #stoppedWaiting(container: Container): Promise<void> {
    this.#store.setState(container, { stoppedByUser: true, restartsCancelled: true });
    this.#parts.publish(container, 'stop');
  }

  async #stopped(container: Container): Promise<ContainerExit> {
    while (isUp(container.state)) await container.nextExit;
    return container.lastExit;
  }

  #place(asked: string, path: string) {
    return { container: this.#store.get(asked), asked, path };
  }

  #imageId(reference: string): string | undefined {
    try {
      return this.#parts.images.get(reference).id;
    } catch (error) {
      if (error instanceof NotFound || error instanceof InvalidArgument) return undefined;
      throw error;
    }
  }

  async #sizes({ record, files }: Container): Promise<{ rw: number; rootFs: number }> {
    const rw = await folderSize(files.upper);
    const image = this.#parts.images.get(record.imageId);
    return { rw, rootFs: rw + image.size };
  }
}

function usesImage({ imageId, mounts }: ContainerRecord, id: string): boolean {
  return imageId === id || mounts.some(({ image }) => image?.id === id);
}
