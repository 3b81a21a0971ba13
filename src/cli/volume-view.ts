import type { VolumeResource } from '../client/index.ts';
import { labelHeader } from './container-view.ts';
import type { View } from './format.ts';
import { humanSize } from './units.ts';

const NOT_KNOWN = 'N/A';

/** What `volume ls` can show of a volume. */
export const volumeView: View<VolumeResource> = {
  Name: { header: 'VOLUME NAME', value: (v) => v.Name },
  Driver: { header: 'DRIVER', value: (v) => v.Driver },
  Scope: { header: 'SCOPE', value: (v) => v.Scope },
  Mountpoint: { header: 'MOUNTPOINT', value: (v) => v.Mountpoint },
  Labels: {
    header: 'LABELS',
    value: (v) =>
      Object.entries(v.Labels ?? {})
        .map(([key, value]) => `${key}=${value}`)
        .sort()
        .join(','),
  },
  Label: { header: labelHeader, value: (v) => (key: string) => v.Labels?.[key] ?? '' },
  Links: { header: 'LINKS', value: (v) => (v.UsageData ? String(v.UsageData.RefCount) : NOT_KNOWN) },
  Size: { header: 'SIZE', value: (v) => (v.UsageData ? humanSize(v.UsageData.Size) : NOT_KNOWN) },
  // Of volumes of a cluster.
  Availability: { header: 'AVAILABILITY', value: () => NOT_KNOWN },
  Group: { header: 'GROUP', value: () => NOT_KNOWN },
  Status: { header: 'STATUS', value: () => NOT_KNOWN },
};
