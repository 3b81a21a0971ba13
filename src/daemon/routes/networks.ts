import type { NetworkService } from '../../engine/index.ts';
import type { Router } from '../server/router.ts';

/** The part of the engine that these routes call. */
export interface NetworksEngine {
  readonly networks: NetworkService;
}

const FILTERS = ['dangling', 'driver', 'id', 'label', 'name', 'scope', 'type'];

/** `/networks`. */
export function networkRoutes(router: Router, { networks }: NetworksEngine): void {
  router.get('/networks', (ctx) => ctx.send(200, networks.list(ctx.filters(FILTERS))));
  router.get('/networks/{id}', (ctx) => ctx.send(200, networks.inspect(ctx.params['id']!)));
}
