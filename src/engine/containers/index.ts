export type { AttachRequest } from './attach.ts';
export { LIST_FILTERS } from './list.ts';
export { type LogConfig, validateLogConfig } from './logs/drivers.ts';
export { PRUNE_FILTERS } from './prune.ts';
export { ContainerService, type ContainerServiceParts, type WaitCondition } from './service.ts';
