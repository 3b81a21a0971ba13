import type { ContainerSummary } from '../client/index.ts';
import { goDate } from './dates.ts';
import type { View } from './format.ts';
import { ellipsis, shortId } from './ids.ts';
import { displayPorts } from './ports.ts';
import { ago, humanSize } from './units.ts';

/** What `ps` can show of a container. */
export function containerView(truncate: boolean): View<ContainerSummary> {
  return {
    ID: { header: 'CONTAINER ID', value: (c) => (truncate ? shortId(c.Id) : c.Id) },
    Names: { header: 'NAMES', value: (c) => names(c, truncate) },
    Image: { header: 'IMAGE', value: (c) => image(c, truncate) },
    Command: {
      header: 'COMMAND',
      value: (c) => JSON.stringify(truncate ? ellipsis(c.Command, 20) : c.Command),
    },
    CreatedAt: { header: 'CREATED AT', value: (c) => goDate(c.Created) },
    RunningFor: { header: 'CREATED', value: (c) => ago(c.Created) },
    Ports: { header: 'PORTS', value: (c) => displayPorts(c.Ports ?? []) },
    State: { header: 'STATE', value: (c) => c.State },
    Status: { header: 'STATUS', value: (c) => c.Status },
    Size: { header: 'SIZE', value: size },
    Labels: {
      header: 'LABELS',
      value: (c) =>
        Object.entries(c.Labels ?? {})
          .map(([k, v]) => `${k}=${v}`)
          .sort()
          .join(','),
    },
    Label: { header: labelHeader, value: (c) => (key: string) => c.Labels?.[key] ?? '' },
    Mounts: { header: 'MOUNTS', value: (c) => mounts(c, truncate) },
    LocalVolumes: {
      header: 'LOCAL VOLUMES',
      value: (c) => String((c.Mounts ?? []).filter(isLocalVolume).length),
    },
    Networks: {
      header: 'NETWORKS',
      value: (c) =>
        Object.keys(c.NetworkSettings?.Networks ?? {})
          .sort()
          .join(','),
    },
    Platform: { header: 'PLATFORM', value: (c) => c.ImageManifestDescriptor?.platform ?? null },
  };
}

export const CONTAINER_COLUMNS = ['ID', 'Image', 'Command', 'RunningFor', 'Status', 'Ports', 'Names'];

function names(container: ContainerSummary, truncate: boolean): string {
  const stripped = (container.Names ?? []).map((name) => name.replace(/^\//, ''));
  // A name with a slash in it is how another container calls this one over a link.
  return (truncate ? stripped.filter((name) => !name.includes('/')) : stripped).join(',');
}

function image(container: ContainerSummary, truncate: boolean): string {
  const { Image, ImageID } = container;
  if (!Image) return '<no image>';
  if (!truncate) return Image;
  if (shortId(ImageID) === shortId(Image)) return shortId(Image);
  return Image.replace(/(?<=.)@sha256:[0-9a-f]{64}$/, '');
}

function mounts(container: ContainerSummary, truncate: boolean): string {
  return (container.Mounts ?? [])
    .map((mount) => mount.Name || mount.Source)
    .map((name) => (truncate ? ellipsis(name, 15) : name))
    .join(',');
}

function isLocalVolume(mount: { readonly Driver?: string }): boolean {
  return mount.Driver === 'local';
}

function size(container: ContainerSummary): string {
  const own = humanSize(container.SizeRw ?? 0, 3);
  const whole = container.SizeRootFs ?? 0;
  return whole > 0 ? `${own} (virtual ${humanSize(whole, 3)})` : own;
}

/** The header of a label's column: the last part of its name. */
export function labelHeader(label: string): string {
  return label.slice(label.lastIndexOf('.') + 1).replace(/[-_]/g, ' ');
}
