export { notifyManager } from '../linux/index.ts';
export * from './config.ts';
export * from './events/index.ts';
export * from './images/index.ts';
export { resolveConfig } from './identity.ts';
export { lockFolder } from './lock.ts';
export * from './log.ts';
export * from './networks/index.ts';
export * from './system/index.ts';
