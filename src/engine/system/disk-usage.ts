import type { ImageSummary, VolumeResource } from '../../api/index.ts';
import type { ContainerService } from '../containers/index.ts';
import type { ImageService } from '../images/index.ts';
import type { VolumeService } from '../volumes/index.ts';

/** The kinds of things that take space, as the `type` parameter has them. */
export const DISK_USAGE_TYPES = ['container', 'image', 'volume', 'build-cache'] as const;
export type DiskUsageType = (typeof DISK_USAGE_TYPES)[number];

/** A container in `GET /system/df`: as in the list, with its sizes. */
export interface ContainerUsage extends Readonly<Record<string, unknown>> {
  readonly State: string;
  /** Bytes of everything that is the container's own: its files, its log. */
  readonly SizeRw: number;
}

/** `GET /system/df` before API 1.52. Sizes are bytes on disk, as du(1) counts them. */
export interface DiskUsage {
  readonly LayersSize?: number;
  readonly Images?: readonly ImageSummary[];
  readonly Containers?: readonly ContainerUsage[];
  readonly Volumes?: readonly VolumeResource[];
  readonly BuildCache?: readonly never[];
}

/** Who knows what takes space. */
export interface DiskUsageSources {
  readonly images: Pick<ImageService, 'diskUsage'>;
  readonly containers: Pick<ContainerService, 'diskUsage'>;
  readonly volumes: Pick<VolumeService, 'usage'>;
}

/** What the engine's objects take on disk; kinds that were not asked for are missing. */
export async function diskUsageOf(
  { images, containers, volumes }: DiskUsageSources,
  types: ReadonlySet<DiskUsageType>,
): Promise<DiskUsage> {
  const [ofImages, ofContainers, ofVolumes] = await Promise.all([
    types.has('image') ? images.diskUsage() : undefined,
    types.has('container') ? containers.diskUsage() : undefined,
    types.has('volume') ? volumes.usage() : undefined,
  ]);
  return {
    ...(ofImages && { LayersSize: ofImages.total, Images: ofImages.images }),
    ...(ofContainers && { Containers: ofContainers }),
    ...(ofVolumes && { Volumes: ofVolumes }),
    ...(types.has('build-cache') && { BuildCache: [] }),
  };
}

/** What objects of one kind take together, as `GET /system/df` sums it up since API 1.52. */
export interface UsageSummary {
  readonly TotalCount: number;
  readonly ActiveCount: number;
  readonly TotalSize: number;
  /** Bytes that come free when everything goes that is not active. */
  readonly Reclaimable: number;
  readonly Items?: readonly unknown[];
}

/** The same in the shape that it has since API 1.52. The items come along only when `verbose`. */
export function summariseUsage(usage: DiskUsage, verbose: boolean): Record<string, UsageSummary> {
  const { Images, Containers, Volumes, BuildCache, LayersSize = 0 } = usage;
  const items = (list: readonly unknown[]) => (verbose ? { Items: list } : {});
  return {
    ...(Images && { ImageUsage: { ...ofImages(Images, LayersSize), ...items(Images) } }),
    ...(Containers && { ContainerUsage: { ...ofContainers(Containers), ...items(Containers) } }),
    ...(Volumes && { VolumeUsage: { ...ofVolumes(Volumes), ...items(Volumes) } }),
    ...(BuildCache && { BuildCacheUsage: { ...NOTHING, ...items(BuildCache) } }),
  };
}

const NOTHING: UsageSummary = { TotalCount: 0, ActiveCount: 0, TotalSize: 0, Reclaimable: 0 };
const ACTIVE_STATES = ['running', 'paused', 'restarting'];

/** What an active image shares with others stays in any case, so only what is its own counts as used. */
function ofImages(images: readonly ImageSummary[], total: number): UsageSummary {
  const active = images.filter(({ Containers }) => Containers > 0);
  const used = sum(active.map(({ Size, SharedSize }) => Size - SharedSize));
  return {
    TotalCount: images.length,
    ActiveCount: active.length,
    TotalSize: total,
    Reclaimable: total - used,
  };
}

function ofContainers(containers: readonly ContainerUsage[]): UsageSummary {
  const idle = containers.filter(({ State }) => !ACTIVE_STATES.includes(State));
  return {
    TotalCount: containers.length,
    ActiveCount: containers.length - idle.length,
    TotalSize: sum(containers.map(({ SizeRw }) => SizeRw)),
    Reclaimable: sum(idle.map(({ SizeRw }) => SizeRw)),
  };
}

function ofVolumes(volumes: readonly VolumeResource[]): UsageSummary {
  const unused = volumes.filter(({ UsageData }) => !UsageData?.RefCount);
  const size = ({ UsageData }: VolumeResource) => UsageData?.Size ?? 0;
  return {
    TotalCount: volumes.length,
    ActiveCount: volumes.length - unused.length,
    TotalSize: sum(volumes.map(size)),
    Reclaimable: sum(unused.map(size)),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
