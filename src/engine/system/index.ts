export { type KernelFeatures, kernelFeatures } from './kernel.ts';
export { type ObjectCounts, System } from './system.ts';
