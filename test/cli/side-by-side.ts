import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
}

const START = fileURLToPath(new URL('../../src/cli/start.mjs', import.meta.url));

/** Runs our client from the sources. */
export function berth(host: string, args: readonly string[], input?: string): Promise<Outcome> {
  return execute(process.execPath, ['--', START, ...args], host, input);
}

/** Runs the official client. */
export function docker(host: string, args: readonly string[], input?: string): Promise<Outcome> {
  return execute('docker', args, host, input);
}

function execute(program: string, args: readonly string[], host: string, input = ''): Promise<Outcome> {
  // The newest version that both clients speak: what `inspect` prints depends on it.
  const env = { ...process.env, DOCKER_HOST: host, BERTH_HOST: '', DOCKER_API_VERSION: '1.50' };
  const child = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => out.push(bytes));
  child.stderr.on('data', (bytes: Buffer) => err.push(bytes));
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString(), code });
    });
  });
}

/** The official client's words in ours: its name and its engine's. */
export function translated(text: string): string {
  return text
    .replaceAll(/\bdocker: /g, 'berth: ')
    .replaceAll(/'docker\b/g, "'berth")
    .replaceAll(/(Usage: {2}|^\t)docker\b/gm, '$1berth')
    .replaceAll(/unknown command: docker\b/g, 'unknown command: berth')
    .replaceAll(
      /Cannot connect to the Docker daemon at (\S+)\. Is the docker daemon running\?/g,
      'Cannot connect to the Berth engine at $1. Is berthd running?',
    );
}
