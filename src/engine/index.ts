export * from './config.ts';
export * from './events/index.ts';
export { resolveConfig } from './identity.ts';
export * from './log.ts';
