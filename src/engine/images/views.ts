import {
  familiarReference,
  formatTime,
  type ImageHistoryItem,
  type ImageInspect,
  type ImageSummary,
  parseTime,
  ZERO_TIME,
} from '../../api/index.ts';
import type { OciRunConfig } from '../../layers/index.ts';
import type { ImageParts } from './parts.ts';
import { type ImageNames, type StoredImage, sizeOf } from './record.ts';

/** Seconds since 1970 of a time in a config; 0 when there is none. */
export function unixSeconds(time: string | null | undefined): number {
  const nanos = time ? parseTime(time) : undefined;
  return nanos === undefined ? 0 : Number(nanos / 1_000_000_000n);
}

/** What `docker image inspect` shows. */
export function inspectView(parts: ImageParts, image: StoredImage): ImageInspect {
  const { config } = image;
  const names = parts.store.names(image.id);
  return {
    Id: image.id,
    RepoTags: names.tags.map(familiarReference),
    RepoDigests: names.digests.map(familiarReference),
    Parent: parentOf(parts, image),
    Comment: config.comment ?? config.history?.at(-1)?.comment ?? '',
    Created: config.created ?? '',
    DockerVersion: config.docker_version ?? '',
    Author: config.author ?? '',
    Config: runConfigView(config.config ?? {}),
    Architecture: config.architecture,
    ...(config.variant ? { Variant: config.variant } : {}),
    Os: config.os,
    Size: sizeOf(image),
    GraphDriver: { Name: 'overlay2', Data: overlayData(parts, image) },
    RootFS: { Type: 'layers', Layers: image.layers.map(({ diffId }) => diffId) },
    Metadata: { LastTagTime: image.lastTagged === undefined ? ZERO_TIME : formatTime(image.lastTagged) },
  };
}

/** The image that it was made from here, as long as that is there. */
export function parentOf({ store }: ImageParts, { parent }: StoredImage): string {
  return parent !== undefined && store.find(parent) !== undefined ? parent : '';
}

/** The steps that made an image, newest first. Steps and layers are told apart by the config alone. */
export function historyView(image: StoredImage, names: ImageNames): ImageHistoryItem[] {
  const layers = image.layers.values();
  const items = (image.config.history ?? []).map((step) => ({
    Id: '<missing>',
    Created: unixSeconds(step.created),
    CreatedBy: step.created_by ?? '',
    Tags: [] as string[],
    Size: step.empty_layer ? 0 : (layers.next().value?.size ?? 0),
    Comment: step.comment ?? '',
  }));
  const newest = items.at(-1);
  if (newest) Object.assign(newest, { Id: image.id, Tags: names.tags.map(familiarReference) });
  return items.reverse();
}

/** A line of `docker images`. */
export function summaryView(
  parts: ImageParts,
  image: StoredImage,
  names: ImageNames,
  sharedSize: number,
): ImageSummary {
  return {
    Id: image.id,
    ParentId: parentOf(parts, image),
    RepoTags: names.tags.map(familiarReference),
    RepoDigests: names.digests.map(familiarReference),
    Created: unixSeconds(image.config.created),
    Size: sizeOf(image),
    SharedSize: sharedSize,
    Containers: parts.usersOf(image.id).length,
    Labels: image.config.config?.Labels ?? {},
  };
}

/** Fields that clients read are always there; others only when the image has them. */
function runConfigView(config: OciRunConfig): Record<string, unknown> {
  const set = Object.entries(config).filter(([, value]) => value !== null && value !== undefined);
  return {
    User: '',
    Env: null,
    Cmd: null,
    Volumes: null,
    WorkingDir: '',
    Entrypoint: null,
    OnBuild: null,
    Labels: null,
    ...Object.fromEntries(set),
  };
}

function overlayData({ layers }: ImageParts, image: StoredImage): Record<string, string> {
  const [top, ...others] = image.layers.map(({ diffId }) => layers.pathOf(diffId)).reverse();
  if (top === undefined) return {};
  return { ...(others.length > 0 ? { LowerDir: others.join(':') } : {}), UpperDir: top };
}
