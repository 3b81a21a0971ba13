export type { OciPlatform } from '../../layers/index.ts';
export type { ImportOptions } from './import.ts';
export type { ListOptions } from './list.ts';
export type { LoadOptions } from './load/load.ts';
export { formatPlatform, HOST_PLATFORM, matchesPlatform, parsePlatform } from './platform.ts';
export type { PullOptions } from './pull/pull.ts';
export type { PushOptions } from './push/push.ts';
export type { ImageRecord, ImageUser } from './record.ts';
export { ImageService, type ImageServiceOptions, nameFrom } from './service.ts';
