import type { Router } from '../server/router.ts';
import { swarmRoutes } from './swarm.ts';
import { type SystemEngine, systemRoutes } from './system.ts';

/** Everything that the engine answers. */
export function registerRoutes(router: Router, engine: SystemEngine): void {
  systemRoutes(router, engine);
  swarmRoutes(router);
}
