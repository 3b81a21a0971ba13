import { RegistryError } from '../errors.ts';
import type { Exchange } from './exchange.ts';

/** The whole body of a small request. Throws SIZE_INVALID beyond `limit` bytes. */
export async function readBody(exchange: Exchange, limit: number): Promise<Buffer> {
  const refuse = () => new RegistryError('SIZE_INVALID', `the body may have ${limit} bytes at most`);
  if ((exchange.length ?? 0) > limit) throw refuse();
  const parts: Buffer[] = [];
  let size = 0;
  // Not by `for await`, which would destroy the connection and with it the answer.
  await new Promise<void>((resolve, reject) => {
    exchange.req.on('data', (part: Buffer) => {
      size += part.length;
      if (size > limit) reject(refuse());
      else parts.push(part);
    });
    exchange.req.once('end', resolve);
    exchange.req.once('error', reject);
    exchange.req.once('close', () => reject(new Error('the client hung up')));
  });
  return Buffer.concat(parts);
}
