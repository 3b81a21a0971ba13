import { spawn } from 'node:child_process';

/** What du(1) is asked for: bytes, a sum for each path, nothing of other file systems, names that end with a zero byte. */
const FLAGS = ['--block-size=1', '--summarize', '--one-file-system', '--null', '--files0-from=-'];

/**
 * Bytes that each path takes on disk with all that is in it, as du(1) counts them: blocks rather than lengths, a file with
 * several names once, nothing that is mounted there. A path that is missing takes none. It is du itself: a program of
 * its own reads a million files without holding up the engine.
 */
export async function diskUsage(paths: readonly string[]): Promise<Map<string, number>> {
  const sizes = new Map(paths.map((path) => [path, 0]));
  if (paths.length === 0) return sizes;
  for (const line of (await du(`${paths.join('\0')}\0`)).split('\0')) {
    const [size, path] = line.split('\t', 2);
    if (path !== undefined) sizes.set(path, Number(size));
  }
  return sizes;
}

/** Files come and go while it reads, which it calls a failure; what it could read counts all the same. */
function du(input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('du', FLAGS, { stdio: ['pipe', 'pipe', 'ignore'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.on('error', reject);
    child.on('close', () => resolve(output));
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}
