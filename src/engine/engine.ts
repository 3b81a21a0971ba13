import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { mountLeftoverControllers } from '../linux/index.ts';
import type { EngineConfig } from './config.ts';
import { ContainerService } from './containers/index.ts';
import { Database } from './database.ts';
import { EventBus } from './events/index.ts';
import { ImageService } from './images/index.ts';
import { log } from './log.ts';
import { NetworkService } from './networks/index.ts';
import { serveRegistry } from './own-registry.ts';
import { RegistryService } from './registries/index.ts';
import { System } from './system/index.ts';
import { VolumeService } from './volumes/index.ts';

/** The engine: every noun's service, made in the order in which they need each other. */
export class Engine {
  readonly config: EngineConfig;
  readonly events: EventBus;
  readonly images: ImageService;
  readonly registries: RegistryService;
  readonly networks: NetworkService;
  readonly volumes: VolumeService;
  readonly containers: ContainerService;
  readonly system: System;
  readonly #database: Database;
  readonly #registry: AsyncDisposable | undefined;

  private constructor(
    parts: Pick<
      Engine,
      'config' | 'events' | 'images' | 'registries' | 'networks' | 'volumes' | 'containers' | 'system'
    >,
    database: Database,
    registry: AsyncDisposable | undefined,
  ) {
    this.config = parts.config;
    this.events = parts.events;
    this.images = parts.images;
    this.registries = parts.registries;
    this.networks = parts.networks;
    this.volumes = parts.volumes;
    this.containers = parts.containers;
    this.system = parts.system;
    this.#database = database;
    this.#registry = registry;
  }

  /** Opens the engine's folders and takes up what is there. Throws what keeps it from doing so; then nothing is held. */
  static async open(config: EngineConfig, events = new EventBus()): Promise<Engine> {
    const { dataRoot, execRoot } = config;
    await using undo = new AsyncDisposableStack();
    mkdirSync(dataRoot, { recursive: true, mode: 0o710 });
    mkdirSync(execRoot, { recursive: true, mode: 0o711 });
    // What was being made or deleted when an engine was killed.
    await rm(join(dataRoot, 'tmp'), { recursive: true, force: true });
    mkdirSync(join(dataRoot, 'tmp'), { mode: 0o700 });
    const mounted = mountLeftoverControllers();
    if (mounted.length > 0)
      log.info('mounted cgroup controllers that crun needs', { controllers: mounted.join() });
    const database = undo.adopt(new Database(join(dataRoot, 'berth.db')), (it) => it.close());
    let containers: ContainerService | undefined;
    const networks = undo.adopt(
      await NetworkService.open({
        database,
        config,
        events,
        log,
        containerName: (id) => containers?.nameOf(id) ?? id,
      }),
      (it) => it.close(),
    );
    const registries = undo.use(new RegistryService(config));
    const images = undo.adopt(
      await ImageService.open({
        database,
        dataRoot,
        events,
        registry: registries.client,
        transfers: config,
        usersOf: (id) => containers?.usersOf(id) ?? [],
      }),
      (it) => it.close(),
    );
    const volumes = await VolumeService.open({
      database,
      dataRoot,
      events,
      log,
      users: () => containers?.volumeUsers() ?? new Map(),
      freeze: (ids) => containers!.freeze(ids),
      renameIn: (name, to) => containers!.renameVolume(name, to),
    });
    containers = await ContainerService.open({ database, config, images, networks, volumes, events, log });
    await images.collect();
    const counted = containers;
    const count = () => ({ ...counted.count(), images: images.count() });
    const system = new System(config, events, count, { images, containers, volumes });
    const registry = await serveRegistry(config);
    undo.move();
    return new Engine(
      { config, events, images, registries, networks, volumes, containers, system },
      database,
      registry,
    );
  }

  /** Lets go of everything. Containers go on running. */
  async close(): Promise<void> {
    await this.#registry?.[Symbol.asyncDispose]();
    await this.containers.close();
    await this.images.close();
    this.registries[Symbol.dispose]();
    this.networks.close();
    this.#database.close();
  }
}
