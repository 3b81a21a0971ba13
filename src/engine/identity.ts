import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CONFIG_DEFAULTS, DEFAULT_EXEC_ROOT, type EngineConfig, type EngineIdentity } from './config.ts';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * A whole configuration from the parts that differ from the defaults. Paths become absolute; both roots are made if they
 * are missing, and the engine's ID is read from the data root or put there.
 */
export function resolveConfig(parts: Partial<Omit<EngineConfig, 'identity'>> = {}): EngineConfig {
  const config = { ...CONFIG_DEFAULTS, ...parts };
  const dataRoot = resolve(config.dataRoot);
  const execRoot = resolve(config.execRoot);
  mkdirSync(dataRoot, { recursive: true, mode: 0o711 });
  mkdirSync(execRoot, { recursive: true, mode: 0o711 });
  return { ...config, dataRoot, execRoot, identity: identify(dataRoot, execRoot) };
}

function identify(dataRoot: string, execRoot: string): EngineIdentity {
  const plain = execRoot === DEFAULT_EXEC_ROOT;
  const suffix = plain ? '' : createHash('sha256').update(execRoot).digest('hex').slice(0, 8);
  return { id: engineId(join(dataRoot, 'engine-id')), suffix };
}

function engineId(path: string): string {
  try {
    const kept = readFileSync(path, 'utf8').trim();
    if (UUID.test(kept)) return kept;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const id = randomUUID();
  writeFileSync(path, `${id}\n`, { mode: 0o600, flush: true });
  return id;
}
