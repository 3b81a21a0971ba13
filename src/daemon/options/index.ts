export { DEFAULT_CONFIG_FILE, withConfigFile } from './file.ts';
export { parseFlags, usage } from './flags.ts';
export { type DaemonConfig, RELOADABLE, resolveSettings } from './resolve.ts';
export type { Settings } from './table.ts';
