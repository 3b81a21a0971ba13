import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { InvalidArgument } from '../../api/index.ts';
import type { RequestContext } from '../server/context.ts';
import type { Router } from '../server/router.ts';
import type { ContainersEngine } from './containers.ts';

const STAT_HEADER = 'X-Docker-Container-Path-Stat';

/** The files of containers: `archive`, `changes` and `export` of `/containers/{id}`. */
export function archiveRoutes(router: Router, { containers }: ContainersEngine): void {
  const id = (ctx: RequestContext) => ctx.params['id']!;

  router.head('/containers/{id}/archive', async (ctx) => {
    setStat(ctx, await containers.statPath(id(ctx), pathOf(ctx)));
    ctx.send(200);
  });

  router.get('/containers/{id}/archive', async (ctx) => {
    const { stat, content } = await containers.getArchive(id(ctx), pathOf(ctx));
    setStat(ctx, stat);
    await sendArchive(ctx, 'application/x-tar', content);
  });

  router.put('/containers/{id}/archive', async (ctx) => {
    await containers.putArchive(id(ctx), pathOf(ctx), ctx.req, {
      noOverwriteDirNonDir: ctx.bool('noOverwriteDirNonDir'),
      copyUIDGID: ctx.bool('copyUIDGID'),
    });
    ctx.send(200);
  });

  router.get('/containers/{id}/changes', async (ctx) => {
    const changes = await containers.changes(id(ctx));
    // A container without changes has none at all for dockerd, which clients take for an empty list.
    ctx.send(
      200,
      changes.length === 0 ? null : changes.map(({ kind, path }) => ({ Path: path, Kind: kind })),
    );
  });

  router.get('/containers/{id}/export', async (ctx) => {
    await sendArchive(ctx, 'application/octet-stream', await containers.export(id(ctx)));
  });
}

/** Sends an archive at the speed of its reader; a client that hangs up ends the work. */
export async function sendArchive(ctx: RequestContext, type: string, content: Readable): Promise<void> {
  const { writable } = ctx.stream(type);
  try {
    await pipeline(content, writable);
  } catch (error) {
    content.destroy();
    if (!ctx.signal.aborted) throw error;
  }
}

function pathOf(ctx: RequestContext): string {
  const path = ctx.query.get('path') ?? '';
  if (path === '') throw new InvalidArgument('bad parameter: path cannot be empty');
  if (path.includes('\0')) throw new InvalidArgument('bad parameter: path cannot contain a zero byte');
  return path;
}

function setStat(ctx: RequestContext, stat: object): void {
  ctx.res.setHeader(STAT_HEADER, Buffer.from(JSON.stringify(stat)).toString('base64'));
}
