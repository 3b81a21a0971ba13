import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CONFIG_DEFAULTS, DEFAULT_DATA_ROOT, DEFAULT_EXEC_ROOT, type EngineConfig } from './config.ts';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * A whole configuration from the parts that differ from the defaults. Paths become absolute; both roots are made if they
 * are missing, then `claim` may take them or throw, then the engine's ID is read from the data root or put there. With an
 * exec root of its own, an engine also gets a bridge and a parent cgroup of its own unless it is told which.
 */
export function resolveConfig(
  parts: Partial<Omit<EngineConfig, 'identity'>> = {},
  claim?: (dataRoot: string, execRoot: string) => void,
): EngineConfig {
  const dataRoot = resolve(parts.dataRoot ?? DEFAULT_DATA_ROOT);
  const execRoot = resolve(parts.execRoot ?? DEFAULT_EXEC_ROOT);
  mkdirSync(dataRoot, { recursive: true, mode: 0o711 });
  mkdirSync(execRoot, { recursive: true, mode: 0o711 });
  claim?.(dataRoot, execRoot);
  const suffix =
    execRoot === DEFAULT_EXEC_ROOT ? '' : createHash('sha256').update(execRoot).digest('hex').slice(0, 8);
  const names = suffix === '' ? {} : { bridge: `berth-${suffix}`, cgroupParent: `/berth-${suffix}` };
  const identity = { id: engineId(join(dataRoot, 'engine-id')), suffix };
  return { ...CONFIG_DEFAULTS, ...names, ...parts, dataRoot, execRoot, identity };
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
