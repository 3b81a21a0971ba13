export { parseConfig, type RegistryConfig, type RegistrySettings, readSettings } from './config/schema.ts';
export { type Log, logToStderr } from './log.ts';
export { RegistryServer } from './server.ts';
