export {
  DISK_USAGE_TYPES,
  type DiskUsage,
  type DiskUsageType,
  summariseUsage,
} from './disk-usage.ts';
export { type KernelFeatures, kernelFeatures } from './kernel.ts';
export { ownBuild } from './programs.ts';
export { type ObjectCounts, System } from './system.ts';
