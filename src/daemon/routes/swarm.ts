import { NotFound, Unavailable } from '../../api/index.ts';
import type { RequestContext } from '../server/context.ts';
import type { Router } from '../server/router.ts';

const METHODS = ['GET', 'POST', 'DELETE'];
const COLLECTIONS = ['/nodes', '/services', '/tasks', '/secrets', '/configs'];

/** Clusters and managed plugins, which this engine has not: it answers as a node outside of any swarm, without plugins. */
export function swarmRoutes(router: Router): void {
  const notInSwarm = () => {
    throw new Unavailable(
      'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
    );
  };
  for (const method of METHODS) {
    for (const path of [
      '/swarm',
      '/swarm/{rest}',
      ...COLLECTIONS.flatMap((name) => [name, `${name}/{rest}`]),
    ]) {
      router.add(method, path, notInSwarm);
    }
  }

  router.get('/plugins', (ctx) => ctx.send(200, []));
  router.get('/plugins/{name}/json', (ctx: RequestContext) => {
    throw new NotFound(`plugin "${ctx.params.name}" not found`);
  });
}
