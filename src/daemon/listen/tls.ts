import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { TlsOptions } from 'node:tls';
import { InvalidArgument } from '../../api/index.ts';

/** Files of `--tlscacert`, `--tlscert` and `--tlskey`, and whether clients must show a certificate of that authority. */
export interface TlsFiles {
  readonly verify: boolean;
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** Reads the files into what a TLS server takes. Throws InvalidArgument that names the file that cannot be read. */
export function tlsOptions(files: TlsFiles): TlsOptions {
  const folder = process.env.DOCKER_CERT_PATH ?? join(homedir(), '.docker');
  const cert = read('certificate', files.cert ?? join(folder, 'cert.pem'));
  const key = read('key', files.key ?? join(folder, 'key.pem'));
  const common: TlsOptions = { cert, key, minVersion: 'TLSv1.2' };
  if (!files.verify) return common;
  const ca = read('certificate authority', files.ca ?? join(folder, 'ca.pem'));
  return { ...common, ca, requestCert: true, rejectUnauthorized: true };
}

function read(what: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new InvalidArgument(`could not read the TLS ${what}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
