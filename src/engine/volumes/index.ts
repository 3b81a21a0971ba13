export { VOLUME_FILTERS, VOLUME_PRUNE_FILTERS } from './list.ts';
export { LOCAL_DRIVER } from './record.ts';
export { VolumeService, type VolumeWish } from './service.ts';
