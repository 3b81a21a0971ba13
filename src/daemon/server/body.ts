import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type GenericSchema, getDotPath, type InferOutput, safeParse } from 'valibot';
import { InvalidArgument } from '../../api/index.ts';

/** The most bytes that a JSON body may have, unless the route says otherwise. */
export const JSON_BODY_LIMIT = 16 * 1024 * 1024;

/** So long a client that is refused may go on sending, in milliseconds. */
const DISCARD_MS = 5000;

/**
 * Reads a JSON body and checks it against a schema. No body and `null` are read as `{}`, as dockerd has it.
 * Throws InvalidArgument with dockerd's texts for a wrong content type, malformed JSON and trailing content.
 */
export async function readJson<S extends GenericSchema>(
  req: IncomingMessage,
  schema: S,
  limit = JSON_BODY_LIMIT,
): Promise<InferOutput<S>> {
  checkContentType(req);
  const text = await readText(req, limit);
  const result = safeParse(schema, text === '' && !hasBody(req) ? {} : (parse(text) ?? {}));
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = getDotPath(issue);
  throw new InvalidArgument(`invalid JSON: ${path === null ? '' : `${path}: `}${issue.message}`);
}

/** Reads a whole body as text. Throws InvalidArgument when it has more than `limit` bytes. */
export async function readText(req: IncomingMessage, limit = JSON_BODY_LIMIT): Promise<string> {
  if (Number(req.headers['content-length'] ?? 0) > limit) throw tooLarge(limit);
  const chunks: Buffer[] = [];
  let size = 0;
  // A body that is too long stays open: closing the connection on a client that still sends would cost it the answer.
  for await (const chunk of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw tooLarge(limit);
    chunks.push(chunk);
  }
  return chunks.length === 1 ? chunks[0]!.toString() : Buffer.concat(chunks).toString();
}

/**
 * Reads what is left of a body and throws it away, for a while: a client that is still sending when its connection closes
 * never sees the answer.
 */
export async function discardBody(req: IncomingMessage): Promise<void> {
  if (req.complete || req.destroyed) return;
  const done = new Promise<void>((resolve) => req.once('end', resolve).once('close', resolve));
  req.resume();
  await Promise.race([done, sleep(DISCARD_MS, undefined, { ref: false })]);
}

/** Whether the request announces a body; one of length 0 is none. */
export function hasBody(req: IncomingMessage): boolean {
  if (req.headers['transfer-encoding'] !== undefined) return true;
  return Number(req.headers['content-length'] ?? 0) > 0;
}

function tooLarge(limit: number): InvalidArgument {
  return new InvalidArgument(`request body is too large: at most ${limit} bytes are accepted`);
}

function checkContentType(req: IncomingMessage): void {
  const header = req.headers['content-type'] ?? '';
  if (header === '' && !hasBody(req)) return;
  const type = header.split(';', 1)[0]!.trim().toLowerCase();
  if (type === 'application/json') return;
  throw new InvalidArgument(`unsupported Content-Type header (${header}): must be 'application/json'`);
}

function parse(text: string): unknown {
  if (text.trim() === '') throw new InvalidArgument('invalid JSON: got EOF while reading request body');
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (endsEarly(text, error)) throw new InvalidArgument('unexpected content after JSON');
    throw new InvalidArgument(`invalid JSON: ${(error as Error).message}`);
  }
}

/** Whether the text before the position at which parsing failed is a whole JSON value. */
function endsEarly(text: string, error: unknown): boolean {
  const position = /at position (\d+)/.exec((error as Error).message)?.[1];
  if (position === undefined) return false;
  try {
    JSON.parse(text.slice(0, Number(position)));
    return true;
  } catch {
    return false;
  }
}
