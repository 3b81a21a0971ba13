import { spawn } from 'node:child_process';
import { Duplex } from 'node:stream';
import type { Endpoint } from './endpoint.ts';
import { CannotConnect } from './errors.ts';

type SshEndpoint = Extract<Endpoint, { kind: 'ssh' }>;

/** Runs on the far side: whichever client is there passes its own stdio on to its engine. */
function remoteCommand(path: string | undefined): string {
  const host = path ? ` --host unix://${path.replace(/[^\w./-]/g, '')}` : '';
  return `sh -c 'if command -v berth >/dev/null 2>&1; then exec berth${host} system dial-stdio; else exec docker${host} system dial-stdio; fi'`;
}

/**
 * Opens a connection through the `ssh` program, so that its keys, agent and configuration apply. What ssh says on its
 * error stream goes into the error of the stream when the connection breaks.
 */
export async function dialSsh(endpoint: SshEndpoint, signal?: AbortSignal): Promise<Duplex> {
  const args = ['-o', 'ConnectTimeout=30', '-T'];
  if (endpoint.user) args.push('-l', endpoint.user);
  if (endpoint.port) args.push('-p', endpoint.port);
  args.push('--', endpoint.hostname, remoteCommand(endpoint.path));
  const child = spawn('ssh', args, { stdio: ['pipe', 'pipe', 'pipe'], signal });

  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-2000);
  });
  const stream = Duplex.from({
    readable: child.stdout,
    writable: child.stdin,
  } as unknown as NodeJS.ReadWriteStream);
  child.on('error', (error) => {
    stream.destroy(
      new CannotConnect(endpoint.host, `Cannot run ssh to reach ${endpoint.host}: ${error.message}`, {
        cause: error,
      }),
    );
  });
  child.on('close', (code) => {
    if (code !== 0) {
      const reason = said.trim().replace(/\s*\n\s*/g, ' ') || `ssh ended with exit code ${code}`;
      stream.destroy(
        new CannotConnect(endpoint.host, `Cannot connect to the Berth engine at ${endpoint.host}: ${reason}`),
      );
    }
  });
  stream.on('close', () => child.kill());
  return stream;
}
