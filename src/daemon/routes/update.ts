import { HostConfigSchema } from '../../api/index.ts';
import type { Router } from '../server/router.ts';
import type { ContainersEngine } from './containers.ts';

/** `/containers/{id}/update`. */
export function updateRoutes(router: Router, { containers }: ContainersEngine): void {
  router.post('/containers/{id}/update', async (ctx) => {
    const request = await ctx.json(HostConfigSchema);
    ctx.send(200, await containers.update(ctx.params['id']!, request));
  });
}
