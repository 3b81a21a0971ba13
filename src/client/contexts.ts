import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { InvalidEndpoint } from './errors.ts';

/** The engine's endpoint as a context records it. */
export interface ContextEndpoint {
  readonly host: string;
  readonly skipTlsVerify: boolean;
  /** Folder with `ca.pem`, `cert.pem` and `key.pem`; undefined when the context has no TLS material. */
  readonly tlsDir: string | undefined;
}

/**
 * Reads a context from Docker's store, `<config>/contexts/{meta,tls}/<sha256 of the name>`. Throws InvalidEndpoint when there
 * is none of that name, or when it names no endpoint.
 */
export function readContext(configDir: string, name: string): ContextEndpoint {
  const id = createHash('sha256').update(name).digest('hex');
  const path = `${configDir}/contexts/meta/${id}/meta.json`;
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const reason =
      (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file or directory' : String(error);
    throw new InvalidEndpoint(`context "${name}": context not found: open ${path}: ${reason}`);
  }
  const endpoint = parseMeta(text);
  if (!endpoint?.Host)
    throw new InvalidEndpoint(`cannot find docker endpoint in context "${name}": ${path} names no host`);
  const tlsDir = `${configDir}/contexts/tls/${id}/docker`;
  return {
    host: endpoint.Host,
    skipTlsVerify: endpoint.SkipTLSVerify ?? false,
    tlsDir: existsSync(tlsDir) ? tlsDir : undefined,
  };
}

interface MetaEndpoint {
  readonly Host?: string;
  readonly SkipTLSVerify?: boolean;
}

function parseMeta(text: string): MetaEndpoint | undefined {
  try {
    return (JSON.parse(text) as { Endpoints?: { docker?: MetaEndpoint } }).Endpoints?.docker;
  } catch {
    return undefined;
  }
}
