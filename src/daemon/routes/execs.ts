import { CreateExecSchema, StartExecSchema } from '../../api/index.ts';
import type { RequestContext } from '../server/context.ts';
import type { Router } from '../server/router.ts';
import { type ContainersEngine, windowSize } from './containers.ts';
import { rawType, streamType } from './stream-type.ts';

/** `/exec`, and `/containers/{id}/exec`. */
export function execRoutes(router: Router, { containers }: ContainersEngine): void {
  const id = (ctx: RequestContext) => ctx.params['id']!;

  router.post('/containers/{id}/exec', async (ctx) => {
    ctx.send(201, { Id: containers.createExec(id(ctx), await ctx.json(CreateExecSchema)) });
  });

  router.post('/exec/{id}/start', async (ctx) => {
    const request = await ctx.json(StartExecSchema);
    const { tty } = containers.checkExecStart(id(ctx), request);
    if (request.Detach) {
      await containers.startExec(id(ctx), request, undefined);
      ctx.send(200);
      return;
    }
    const type = ctx.wantsUpgrade ? streamType(ctx.version, tty) : rawType;
    await containers.startExec(id(ctx), request, await ctx.hijack(type));
  });

  router.post('/exec/{id}/resize', async (ctx) => {
    containers.resizeExec(id(ctx), ...windowSize(ctx));
    ctx.send(200);
  });

  router.get('/exec/{id}/json', (ctx) => ctx.send(200, containers.inspectExec(id(ctx))));
}
