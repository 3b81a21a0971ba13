import { InvalidArgument } from '../../api/index.ts';
import type { Router } from '../server/router.ts';
import type { ContainersEngine } from './containers.ts';

/** `/containers/{id}/stats`. */
export function statsRoutes(router: Router, { containers }: ContainersEngine): void {
  router.get('/containers/{id}/stats', async (ctx) => {
    const request = { stream: ctx.bool('stream', true), oneShot: ctx.bool('one-shot'), signal: ctx.signal };
    if (request.stream && request.oneShot) {
      throw new InvalidArgument('cannot have stream=true and one-shot=true');
    }
    const samples = containers.stats(ctx.params['id']!, request);
    const stream = ctx.stream('application/json');
    for await (const sample of samples) await stream.writeJson(sample);
    stream.end();
  });
}
