import {
  ConnectNetworkSchema,
  CreateNetworkSchema,
  DisconnectNetworkSchema,
  InvalidArgument,
} from '../../api/index.ts';
import {
  type ContainerService,
  NETWORK_FILTERS,
  NETWORK_PRUNE_FILTERS,
  type NetworkService,
} from '../../engine/index.ts';
import type { RequestContext } from '../server/context.ts';
import type { Router } from '../server/router.ts';

/** The part of the engine that these routes call. */
export interface NetworksEngine {
  readonly networks: NetworkService;
  readonly containers: Pick<ContainerService, 'connectNetwork' | 'disconnectNetwork'>;
}

/** `/networks`. */
export function networkRoutes(router: Router, { networks, containers }: NetworksEngine): void {
  const id = (ctx: RequestContext) => ctx.params['id']!;

  router.get('/networks', (ctx) => ctx.send(200, networks.list(ctx.filters(NETWORK_FILTERS))));

  router.get('/networks/{id}', (ctx) => ctx.send(200, networks.inspect(id(ctx))));

  router.post('/networks/create', async (ctx) => {
    ctx.send(201, await networks.create(await ctx.json(CreateNetworkSchema)));
  });

  router.post('/networks/prune', async (ctx) => {
    ctx.send(200, await networks.prune(ctx.filters(NETWORK_PRUNE_FILTERS)));
  });

  router.post('/networks/{id}/connect', async (ctx) => {
    const { Container, EndpointConfig } = await ctx.json(ConnectNetworkSchema);
    await containers.connectNetwork(named(Container), id(ctx), EndpointConfig);
    ctx.send(200);
  });

  router.post('/networks/{id}/disconnect', async (ctx) => {
    const { Container, Force } = await ctx.json(DisconnectNetworkSchema);
    await containers.disconnectNetwork(named(Container), id(ctx), Force);
    ctx.send(200);
  });

  router.delete('/networks/{id}', async (ctx) => {
    await networks.remove(id(ctx));
    ctx.send(204);
  });
}

function named(container: string): string {
  if (container === '') throw new InvalidArgument('no container is named');
  return container;
}
