import type { ContainerSummary, ImageSummary, VolumeResource } from './types.ts';

/** What is kept of earlier builds. */
export interface BuildCacheUsage {
  readonly ID: string;
  readonly Type: string;
  readonly Description: string;
  readonly Size: number;
  readonly CreatedAt: string;
  readonly LastUsedAt?: string | null;
  readonly UsageCount: number;
  readonly InUse: boolean;
  readonly Shared: boolean;
}

/** What objects of one kind take together. Sizes are bytes. */
export interface Usage<Item> {
  readonly TotalCount: number;
  readonly ActiveCount: number;
  readonly TotalSize: number;
  readonly Reclaimable: number;
  readonly Items: readonly Item[];
}

export interface DiskUsage {
  readonly images: Usage<ImageSummary>;
  readonly containers: Usage<ContainerSummary>;
  readonly volumes: Usage<VolumeResource>;
  readonly buildCache: Usage<BuildCacheUsage>;
}

/** `GET /system/df`: the sums since API 1.52, lists of objects before. */
export interface DiskUsageAnswer {
  readonly ImageUsage?: Partial<Usage<ImageSummary>>;
  readonly ContainerUsage?: Partial<Usage<ContainerSummary>>;
  readonly VolumeUsage?: Partial<Usage<VolumeResource>>;
  readonly BuildCacheUsage?: Partial<Usage<BuildCacheUsage>>;
  readonly LayersSize?: number;
  readonly Images?: readonly ImageSummary[] | null;
  readonly Containers?: readonly ContainerSummary[] | null;
  readonly Volumes?: readonly VolumeResource[] | null;
  readonly BuildCache?: readonly BuildCacheUsage[] | null;
}

/** The answer of an engine of any version in one shape. */
export function readDiskUsage(answer: DiskUsageAnswer): DiskUsage {
  const { ImageUsage, ContainerUsage, VolumeUsage, BuildCacheUsage, LayersSize = 0 } = answer;
  return {
    images: ImageUsage ? complete(ImageUsage) : ofImages(answer.Images ?? [], LayersSize),
    containers: ContainerUsage ? complete(ContainerUsage) : ofContainers(answer.Containers ?? []),
    volumes: VolumeUsage ? complete(VolumeUsage) : ofVolumes(answer.Volumes ?? []),
    buildCache: BuildCacheUsage ? complete(BuildCacheUsage) : ofBuildCache(answer.BuildCache ?? []),
  };
}

/** Engines leave out what is nothing. */
function complete<Item>(usage: Partial<Usage<Item>>): Usage<Item> {
  return { TotalCount: 0, ActiveCount: 0, TotalSize: 0, Reclaimable: 0, Items: [], ...usage };
}

/** What an image that is used shares with others stays in any case. */
function ofImages(images: readonly ImageSummary[], total: number): Usage<ImageSummary> {
  const sized = images.filter(({ Size, SharedSize }) => Size !== -1 && SharedSize !== -1);
  const own = sized.map(({ Containers, Size, SharedSize }) => (Containers === 0 ? 0 : Size - SharedSize));
  const ActiveCount = images.filter(({ Containers }) => Containers > 0).length;
  return {
    TotalCount: images.length,
    ActiveCount,
    TotalSize: total,
    Reclaimable: total - sum(own),
    Items: images,
  };
}

function ofContainers(containers: readonly ContainerSummary[]): Usage<ContainerSummary> {
  const isActive = ({ State }: ContainerSummary) => /running|paused|restarting/.test(State);
  return summarise(containers, isActive, ({ SizeRw }) => SizeRw ?? 0);
}

function ofVolumes(volumes: readonly VolumeResource[]): Usage<VolumeResource> {
  const isActive = ({ UsageData }: VolumeResource) => (UsageData?.RefCount ?? 0) > 0;
  return summarise(volumes, isActive, ({ UsageData }) => Math.max(0, UsageData?.Size ?? 0));
}

function ofBuildCache(records: readonly BuildCacheUsage[]): Usage<BuildCacheUsage> {
  const sized = records.filter(({ Shared }) => !Shared);
  const usage = summarise(
    sized,
    ({ InUse }) => InUse,
    ({ Size }) => Size,
  );
  return { ...usage, TotalCount: records.length, Items: records };
}

function summarise<Item>(
  items: readonly Item[],
  isActive: (item: Item) => boolean,
  sizeOf: (item: Item) => number,
): Usage<Item> {
  const idle = items.filter((item) => !isActive(item));
  return {
    TotalCount: items.length,
    ActiveCount: items.length - idle.length,
    TotalSize: sum(items.map(sizeOf)),
    Reclaimable: sum(idle.map(sizeOf)),
    Items: items,
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
