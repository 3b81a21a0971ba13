import type { Duplex, Readable, Writable } from 'node:stream';
import { Conflict, frame, messageOf, NotImplemented, STDERR } from '../../api/index.ts';
import type { Container, PendingClient } from './container.ts';
import { DEFAULT_DETACH_KEYS, DetachFilter, parseDetachKeys } from './detach-keys.ts';
import { isReadable } from './logs/drivers.ts';
import { readContainerLog } from './logs/read.ts';
import type { ContainerParts } from './parts.ts';
import { isRunning } from './record.ts';

/** What a client wants of a container's streams. */
export interface AttachRequest {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** What was written so far comes first. */
  readonly logs: boolean;
  /** What is written from now on follows. */
  readonly stream: boolean;
  readonly detachKeys?: string | undefined;
  /** False: what the two streams give comes without frames, as it comes from a terminal. */
  readonly framed?: boolean;
}

/** Throws what would be too late to say once the connection has been taken over. */
export function checkAttach(container: Container, request: AttachRequest): void {
  if (container.state.status === 'paused') {
    throw new Conflict(`Container ${container.id} is paused. Unpause the container before attach`);
  }
  if (request.logs && !isReadable(container.record.hostConfig.LogConfig)) {
    throw new NotImplemented('configured logging driver does not support reading');
  }
  parseDetachKeys(request.detachKeys || DEFAULT_DETACH_KEYS);
}

/**
 * Joins a client's connection to a container's streams, or, before the container runs, leaves it waiting for the start:
 * its program is let go only when all who wait are joined. Settles when the connection is joined, not when it ends.
 */
export async function attach(
  parts: ContainerParts,
  container: Container,
  client: Duplex,
  request: AttachRequest,
): Promise<void> {
  parts.publish(container, 'attach');
  client.on('error', () => client.destroy());
  if (request.logs) await replay(container, client, request);
  if (!request.stream) {
    client.end();
  } else if (isRunning(container.state)) {
    await join(parts, container, client, request);
  } else {
    const pending: PendingClient = { client, connect: () => join(parts, container, client, request) };
    container.pending.add(pending);
    client.once('close', () => container.pending.delete(pending));
  }
}

async function replay(container: Container, client: Duplex, request: AttachRequest): Promise<void> {
  const { signal } = new AbortController();
  const { stdout, stderr } = request;
  const { entries } = readContainerLog(container, { stdout, stderr, follow: false, signal });
  for await (const { stream, content } of entries) {
    if (client.destroyed) return;
    if (client.write(isFramed(container, request) ? frame(stream, content) : content)) continue;
    await new Promise((resolve) => {
      client.once('drain', resolve);
      client.once('close', resolve);
    });
  }
}

async function join(
  parts: ContainerParts,
  container: Container,
  client: Duplex,
  request: AttachRequest,
): Promise<void> {
  const { Tty: tty, OpenStdin: openStdin } = container.record.config;
  try {
    const session = await parts.relay.attach({
      path: container.bundle.attachSocket,
      framed: isFramed(container, request),
      stdout: request.stdout,
      stderr: request.stderr,
    });
    splice({
      client,
      output: session,
      input: request.stdin && openStdin ? session : undefined,
      detachKeys: tty ? request.detachKeys || DEFAULT_DETACH_KEYS : undefined,
      detached: () => parts.publish(container, 'detach'),
    });
  } catch (error) {
    const text = Buffer.from(`${messageOf(error)}\n`);
    client.end(isFramed(container, request) ? frame(STDERR, text) : text);
  }
}

function isFramed({ record }: Container, { framed = true }: AttachRequest): boolean {
  return framed && !record.config.Tty;
}

/** A client's connection and the streams of a process. */
export interface Splice {
  readonly client: Duplex;
  readonly output: Readable;
  /** Undefined: what the client sends is thrown away. */
  readonly input: Writable | undefined;
  /** The keys with which a terminal's user leaves; undefined for none. */
  readonly detachKeys: string | undefined;
  detached(): void;
}

/** Joins the two until one of them ends, each direction at the pace of its slower side. */
export function splice({ client, output, input, detachKeys, detached }: Splice): void {
  const ignore = () => {};
  output.on('error', () => client.end());
  output.pipe(client);
  client.once('close', () => output.destroy());
  if (input === undefined) {
    client.on('error', ignore).resume();
    return;
  }
  input.on('error', ignore);
  if (detachKeys === undefined) {
    client.pipe(input);
    return;
  }
  const filter = new DetachFilter(parseDetachKeys(detachKeys), () => {
    detached();
    output.unpipe(client);
    client.end();
    output.destroy();
  });
  client.pipe(filter).pipe(input);
}
