import type { Engine } from '../../engine/index.ts';
import type { Router } from '../server/router.ts';
import { containerRoutes } from './containers.ts';
import { execRoutes } from './execs.ts';
import { imageRoutes } from './images.ts';
import { networkRoutes } from './networks.ts';
import { swarmRoutes } from './swarm.ts';
import { systemRoutes } from './system.ts';

/** Everything that the engine answers. */
export function registerRoutes(router: Router, engine: Engine): void {
  containerRoutes(router, engine);
  execRoutes(router, engine);
  imageRoutes(router, engine);
  networkRoutes(router, engine);
  systemRoutes(router, engine);
  swarmRoutes(router);
}
