import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, succeed } from '../../harness/index.ts';
import { makeCertificate } from '../docker-registry.ts';

/** Files that a registry with TLS and users needs, in a folder that goes with this. */
export class Files implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'berth-files-'));

  /** A certificate for 127.0.0.1, and a folder as `--cert-dir` of podman and skopeo has it. */
  certificate() {
    const found = makeCertificate(this.folder);
    const certDir = join(this.folder, 'certs');
    mkdirSync(certDir, { recursive: true });
    return { ...found, certDir };
  }

  /** An htpasswd file. */
  async users(users: Readonly<Record<string, string>>): Promise<string> {
    const path = join(this.folder, 'htpasswd');
    const lines = Object.entries(users).map(([name, password]) =>
      succeed(run('htpasswd', ['-nbB', '-C', '4', name, password])),
    );
    writeFileSync(path, `${(await Promise.all(lines)).map((line) => line.trim()).join('\n')}\n`);
    return path;
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export function basic(user: string, password: string): { Authorization: string } {
  return { Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
}
