export { injectDevices } from './inject.ts';
export { CdiDevices } from './registry.ts';
export { requestedDevices } from './requests.ts';
export type { CdiEdits } from './schema.ts';
