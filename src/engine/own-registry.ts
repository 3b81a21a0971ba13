import { join } from 'node:path';
import { parseRegistrySettings, type RegistryThread, startRegistryThread } from '../registry/index.ts';
import type { EngineConfig } from './config.ts';
import { log } from './log.ts';

/** Serves the registry that the configuration asks for; undefined when it asks for none. Throws InvalidArgument. */
export async function serveRegistry(config: EngineConfig): Promise<RegistryThread | undefined> {
  if (config.registry === undefined) return undefined;
  const settings = parseRegistrySettings({ root: join(config.dataRoot, 'registry'), ...config.registry });
  const own = log.with({ part: 'registry' });
  return await startRegistryThread(settings, (level, text, fields) => own[level](text, fields));
}
