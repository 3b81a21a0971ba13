export { type KernelFeatures, kernelFeatures } from './kernel.ts';
export { ownBuild } from './programs.ts';
export { type ObjectCounts, System } from './system.ts';
