export { notifyManager } from '../linux/index.ts';
export {
  ANONYMOUS,
  type Credentials,
  credentialsFrom,
  decodeCredentials,
  parseRegistrySettings,
  type RegistrySettings,
} from '../registry/index.ts';
export * from './config.ts';
export * from './containers/index.ts';
export { Engine } from './engine.ts';
export * from './events/index.ts';
export { resolveConfig } from './identity.ts';
export * from './images/index.ts';
export { lockFolder } from './lock.ts';
export * from './log.ts';
export * from './networks/index.ts';
export * from './registries/index.ts';
export * from './system/index.ts';
export * from './volumes/index.ts';
