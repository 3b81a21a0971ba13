import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { Duplex } from 'node:stream';
import type { Endpoint } from './endpoint.ts';
import { CannotConnect } from './errors.ts';

type SshEndpoint = Extract<Endpoint, { kind: 'ssh' }>;

/** Runs on the far side: whichever client is there passes its own stdio on to its engine. */
function remoteCommand(path: string | undefined): string {
  const host = path ? ` --host unix://${path.replace(/[^\w./-]/g, '')}` : '';
  return `sh -c 'if command -v berth >/dev/null 2>&1; then exec berth${host} system dial-stdio; else exec docker${host} system dial-stdio; fi'`;
}

/** Opens a connection through the `ssh` program, so that its keys, agent and configuration apply. */
export function dialSsh(endpoint: SshEndpoint, signal?: AbortSignal): Duplex {
  const args = ['-o', 'ConnectTimeout=30', '-T'];
  if (endpoint.user) args.push('-l', endpoint.user);
  if (endpoint.port) args.push('-p', endpoint.port);
  args.push('--', endpoint.hostname, remoteCommand(endpoint.path));
  return new ProcessStream(endpoint.host, spawn('ssh', args, { stdio: ['pipe', 'pipe', 'pipe'], signal }));
}

/** A program's standard streams as one. When the program fails, what it said on its error stream becomes the stream's error. */
class ProcessStream extends Duplex {
  readonly #host: string;
  readonly #child: ChildProcessWithoutNullStreams;
  #said = '';

  constructor(host: string, child: ChildProcessWithoutNullStreams) {
    super({ allowHalfOpen: true });
    this.#host = host;
    this.#child = child;
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#said = (this.#said + text).slice(-2000);
    });
    child.stdout.on('data', (bytes: Buffer) => {
      if (!this.push(bytes)) child.stdout.pause();
    });
    // Its exit code tells more than a broken pipe does, and comes a moment later.
    child.stdin.on('error', () => {});
    child.on('error', (error) => {
      this.destroy(
        new CannotConnect(host, `Cannot run ssh to reach ${host}: ${error.message}`, { cause: error }),
      );
    });
    child.on('close', (code) => this.#closed(code));
  }

  override _read(): void {
    this.#child.stdout.resume();
  }

  override _write(bytes: Uint8Array, _encoding: BufferEncoding, done: () => void): void {
    this.#child.stdin.write(bytes, () => done());
  }

  override _final(done: () => void): void {
    this.#child.stdin.end(() => done());
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#child.kill();
    done(error);
  }

  #closed(code: number | null): void {
    if (code === 0) {
      this.push(null);
      return;
    }
    const reason = this.#said.trim().replace(/\s*\n\s*/g, ' ') || `ssh ended with exit code ${code}`;
    this.destroy(
      new CannotConnect(this.#host, `Cannot connect to the Berth engine at ${this.#host}: ${reason}`),
    );
  }
}
