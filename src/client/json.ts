import { ConnectionLost } from './errors.ts';

/** One JSON document of a stream may not be longer. */
const MAX_LINE = 16 * 1024 * 1024;

/** The lines of a stream of text, without their ends; empty ones are left out. */
export async function* readLines(body: AsyncIterable<Buffer>): AsyncGenerator<string, void> {
  let pending: Buffer[] = [];
  let size = 0;
  for await (const piece of body) {
    let rest = piece;
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      const line = Buffer.concat([...pending, rest.subarray(0, end)])
        .toString('utf8')
        .trim();
      pending = [];
      size = 0;
      rest = rest.subarray(end + 1);
      if (line) yield line;
    }
    pending.push(rest);
    size += rest.length;
    if (size > MAX_LINE) throw new ConnectionLost('the engine sent a line that is too long');
  }
  const last = Buffer.concat(pending).toString('utf8').trim();
  if (last) yield last;
}

/** Parses JSON that the engine sent. Throws ConnectionLost when it is not JSON. */
export function parseJson<T>(text: string): T {
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    throw new ConnectionLost(`the engine sent something that is not JSON: ${text.slice(0, 200)}`, {
      cause: error,
    });
  }
}
