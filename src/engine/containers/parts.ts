import { join } from 'node:path';
import {
  type Exits,
  type HardLimits,
  type OciRuntime,
  programPath,
  type Relay,
} from '../../runtime/index.ts';
import type { EngineConfig } from '../config.ts';
import type { EventBus } from '../events/index.ts';
import type { ImageService } from '../images/index.ts';
import type { Logger } from '../log.ts';
import type { NetworkService } from '../networks/index.ts';
import type { VolumeService } from '../volumes/index.ts';
import type { Container } from './container.ts';
import { engineHardLimits, lowestOomScore } from './machine.ts';
import { Security } from './security.ts';
import type { ContainerStore } from './store.ts';

/** Told of what happens to containers, once their state says so. */
export type Watcher = (container: Container, action: string) => void;

/** What the verbs on containers work with: made once, handed to each of them. */
export class ContainerParts {
  readonly config: EngineConfig;
  readonly store: ContainerStore;
  readonly images: ImageService;
  readonly networks: NetworkService;
  readonly volumes: VolumeService;
  readonly events: EventBus;
  readonly log: Logger;
  readonly relay: Relay;
  readonly security: Security;
  readonly hardLimits: HardLimits = engineHardLimits();
  readonly lowestOomScore: number = lowestOomScore();
  readonly exits: Exits;
  readonly #watchers: Watcher[] = [];
  /** Told when the conmon of a running container has ended, which it does after it has left the exit code. */
  readonly conmonEnded: (container: Container) => void;
  /** Sends what is left of a container's log, where it goes elsewhere, before its files are removed. */
  readonly finishLog: (container: Container) => Promise<void>;

  constructor(
    parts: Pick<
      ContainerParts,
      | 'config'
      | 'store'
      | 'images'
      | 'networks'
      | 'volumes'
      | 'events'
      | 'log'
      | 'relay'
      | 'exits'
      | 'conmonEnded'
      | 'finishLog'
    >,
  ) {
    this.config = parts.config;
    this.store = parts.store;
    this.images = parts.images;
    this.networks = parts.networks;
    this.volumes = parts.volumes;
    this.events = parts.events;
    this.log = parts.log;
    this.relay = parts.relay;
    this.exits = parts.exits;
    this.conmonEnded = parts.conmonEnded;
    this.finishLog = parts.finishLog;
    this.security = new Security(parts.config);
  }

  /** The OCI runtime that a container was made with. */
  runtimeOf({ record }: Container): OciRuntime {
    const name = record.hostConfig.Runtime;
    const { path, args } = this.config.runtimes[name] ?? { path: name, args: [] };
    return { path: programPath(path), args, root: join(this.config.execRoot, 'runtime', name) };
  }

  /** The container's cgroup, from the root of the hierarchies. */
  cgroupOf({ record, id }: Container): string {
    return join('/', record.hostConfig.CgroupParent || this.config.cgroupParent, id);
  }

  /** Has `watcher` told of everything that is published about containers. */
  watch(watcher: Watcher): void {
    this.#watchers.push(watcher);
  }

  /** Tells the world of something that happened to a container, with Docker's attributes. */
  publish(container: Container, action: string, attributes: Record<string, string> = {}): void {
    const { record } = container;
    this.events.publish('container', action, record.id, {
      ...record.config.Labels,
      image: record.config.Image,
      name: record.name,
      ...attributes,
    });
    for (const watcher of this.#watchers) watcher(container, action);
  }
}
