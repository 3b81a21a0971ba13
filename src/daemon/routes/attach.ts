import { atLeast } from '../../api/index.ts';
import type { AttachRequest } from '../../engine/index.ts';
import type { RequestContext } from '../server/context.ts';
import type { Router } from '../server/router.ts';
import type { ContainersEngine } from './containers.ts';
import { rawType, streamType } from './stream-type.ts';

/** `/containers/{id}/attach`, as a raw stream and over a websocket. */
export function attachRoutes(router: Router, { containers }: ContainersEngine): void {
  router.get('/containers/{id}/attach/ws', async (ctx) => {
    const id = ctx.params['id']!;
    const request = { ...attachRequest(ctx), ...streamsOf(ctx), framed: false };
    containers.checkAttach(id, request);
    const client = await ctx.websocket({ binary: atLeast(ctx.version, 1, 28) });
    await containers.attach(id, client, request);
  });

  router.post('/containers/{id}/attach', async (ctx) => {
    const id = ctx.params['id']!;
    const request = attachRequest(ctx);
    containers.checkAttach(id, request);
    const type = ctx.wantsUpgrade ? streamType(ctx.version, containers.hasTerminal(id)) : rawType;
    await containers.attach(id, await ctx.hijack(type), request);
  });
}

function attachRequest(ctx: RequestContext): AttachRequest {
  return {
    stdin: ctx.bool('stdin'),
    stdout: ctx.bool('stdout'),
    stderr: ctx.bool('stderr'),
    logs: ctx.bool('logs'),
    stream: ctx.bool('stream'),
    detachKeys: ctx.query.get('detachKeys') ?? undefined,
  };
}

/** Before API 1.42, a websocket had all streams, whatever was asked for. */
function streamsOf(ctx: RequestContext): Partial<AttachRequest> {
  return atLeast(ctx.version, 1, 42) ? {} : { stdin: true, stdout: true, stderr: true };
}
