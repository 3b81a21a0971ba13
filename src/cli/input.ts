/**
 * What comes in on standard input, read on demand. Nothing may hold it up by `pause`, as `pipe` does: in Bun an end of the
 * input that comes just then is never told of.
 */
export function standardInput(): AsyncIterable<Buffer> {
  return process.stdin.iterator({ destroyOnReturn: false });
}
