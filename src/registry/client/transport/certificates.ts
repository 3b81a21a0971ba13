import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidArgument } from '../../../api/index.ts';

/** Folders with one folder for each registry, `HOST:PORT`, as Docker has them. */
export const CERTIFICATE_FOLDERS: readonly string[] = ['/etc/berth/certs.d', '/etc/docker/certs.d'];

/** What a registry's own folders say about TLS with it. */
export interface Certificates {
  /** Authorities to trust besides the system's, PEM. */
  readonly authorities: readonly Buffer[];
  /** Our own certificates for it, with their keys, PEM. */
  readonly pairs: readonly { readonly cert: Buffer; readonly key: Buffer }[];
}

/**
 * Reads the certificates for a registry: `*.crt` are authorities, `*.cert` with the `*.key` beside it are ours. No
 * folder is no certificates. Throws InvalidArgument for half a pair.
 */
export async function readCertificates(
  host: string,
  folders: readonly string[] = CERTIFICATE_FOLDERS,
): Promise<Certificates> {
  const authorities: Buffer[] = [];
  const pairs: { cert: Buffer; key: Buffer }[] = [];
  for (const folder of folders.map((parent) => join(parent, host))) {
    const names = await readdir(folder).catch(() => [] as string[]);
    for (const name of names.toSorted()) {
      if (name.endsWith('.crt')) authorities.push(await readFile(join(folder, name)));
      if (name.endsWith('.cert')) pairs.push(await readPair(folder, name, names));
      if (name.endsWith('.key') && !names.includes(name.replace(/key$/, 'cert')))
        throw new InvalidArgument(
          `missing client certificate ${name.replace(/key$/, 'cert')} for key ${name}`,
        );
    }
  }
  return { authorities, pairs };
}

async function readPair(folder: string, cert: string, names: readonly string[]) {
  const key = cert.replace(/cert$/, 'key');
  if (!names.includes(key)) {
    throw new InvalidArgument(
      `missing key ${key} for client certificate ${cert}. CA certificates must use the extension .crt`,
    );
  }
  return { cert: await readFile(join(folder, cert)), key: await readFile(join(folder, key)) };
}
