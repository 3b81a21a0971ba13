import { formatTimeFixed, frameHeader, InvalidArgument, parseTimestamp } from '../../api/index.ts';
import type { ContainerService } from '../../engine/index.ts';
import type { RequestContext } from '../server/context.ts';
import type { Router } from '../server/router.ts';
import { GatheringStream } from '../server/stream.ts';
import type { ContainersEngine } from './containers.ts';
import { streamType } from './stream-type.ts';

/** `/containers/{id}/logs`. */
export function logRoutes(router: Router, { containers }: ContainersEngine): void {
  router.get('/containers/{id}/logs', (ctx) => sendLogs(ctx, containers, ctx.params['id']!));
}

async function sendLogs(ctx: RequestContext, containers: ContainerService, id: string): Promise<void> {
  const stdout = ctx.bool('stdout');
  const stderr = ctx.bool('stderr');
  if (!stdout && !stderr) {
    throw new InvalidArgument('Bad parameters: you must choose at least one stream');
  }
  const tty = containers.hasTerminal(id);
  const timestamps = ctx.bool('timestamps');
  const { entries, details } = containers.logs(id, {
    stdout,
    stderr,
    tail: tailOf(ctx),
    since: timeOf(ctx, 'since'),
    until: timeOf(ctx, 'until'),
    follow: ctx.bool('follow'),
    signal: ctx.signal,
  });
  const attributes = ctx.bool('details') ? `${details} ` : '';
  const stream = ctx.stream(streamType(ctx.version, tty));
  const gathering = new GatheringStream(stream);
  for await (const { stream: name, timestamp, content } of entries) {
    const prefix = Buffer.from(`${timestamps ? `${timestamp} ` : ''}${attributes}`);
    if (!tty) gathering.add(frameHeader(name, prefix.length + content.length));
    gathering.add(prefix);
    gathering.add(content);
    if (gathering.full) await gathering.flush();
  }
  await gathering.flush();
  stream.end();
}

function tailOf(ctx: RequestContext): number | undefined {
  const text = ctx.query.get('tail') ?? 'all';
  // Anything that is no number means all, as with dockerd.
  return /^\d+$/.test(text) ? Number(text) : undefined;
}

/** Zero is what clients send for "no limit". */
function timeOf(ctx: RequestContext, name: string): string | undefined {
  const nanos = parseTimestamp(ctx.query.get(name));
  return nanos === undefined || nanos === 0n ? undefined : formatTimeFixed(nanos);
}
