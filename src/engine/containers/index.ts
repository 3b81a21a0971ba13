export type { AttachRequest } from './attach.ts';
export { LIST_FILTERS } from './list.ts';
export { ContainerService, type ContainerServiceParts, type WaitCondition } from './service.ts';
