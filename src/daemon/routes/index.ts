import type { Router } from '../server/router.ts';
import { archiveRoutes } from './archive.ts';
import { attachRoutes } from './attach.ts';
import { checkpointRoutes } from './checkpoints.ts';
import { commitRoutes } from './commit.ts';
import { type ContainersEngine, containerRoutes } from './containers.ts';
import { execRoutes } from './execs.ts';
import { type ImagesEngine, imageRoutes } from './images.ts';
import { logRoutes } from './logs.ts';
import { type NetworksEngine, networkRoutes } from './networks.ts';
import { type RegistriesEngine, registryRoutes } from './registry.ts';
import { statsRoutes } from './stats.ts';
import { swarmRoutes } from './swarm.ts';
import { type SystemEngine, systemRoutes } from './system.ts';
import { updateRoutes } from './update.ts';
import { type VolumesEngine, volumeRoutes } from './volumes.ts';

/** What the routes call of the engine. */
export type RoutedEngine = SystemEngine &
  ImagesEngine &
  RegistriesEngine &
  NetworksEngine &
  VolumesEngine &
  ContainersEngine;

/** Everything that the engine answers. */
export function registerRoutes(router: Router, engine: RoutedEngine): void {
  systemRoutes(router, engine);
  registryRoutes(router, engine);
  imageRoutes(router, engine);
  networkRoutes(router, engine);
  volumeRoutes(router, engine);
  // Before the containers themselves: `DELETE /containers/{id}` would take whatever comes after the ID for a part of it.
  checkpointRoutes(router, engine);
  containerRoutes(router, engine);
  archiveRoutes(router, engine);
  attachRoutes(router, engine);
  commitRoutes(router, engine);
  execRoutes(router, engine);
  logRoutes(router, engine);
  statsRoutes(router, engine);
  updateRoutes(router, engine);
  swarmRoutes(router);
}
