import type { ContainerRecord } from '../record.ts';

/** A container's record after a volume of it has got another name, and with it another folder: it has one of its own from now on. */
export function withVolumeRenamed(
  record: ContainerRecord,
  name: string,
  to: { readonly name: string; readonly source: string },
): ContainerRecord {
  const { hostConfig } = record;
  return {
    ...record,
    mounts: record.mounts.map((point) =>
      point.volume?.name === name
        ? { ...point, source: to.source, volume: { ...point.volume, name: to.name, anonymous: false } }
        : point,
    ),
    hostConfig: {
      ...hostConfig,
      Binds: hostConfig.Binds.map((text) =>
        text.startsWith(`${name}:`) ? `${to.name}${text.slice(name.length)}` : text,
      ),
      Mounts: hostConfig.Mounts.map((mount) =>
        mount.Type === 'volume' && mount.Source === name ? { ...mount, Source: to.name } : mount,
      ),
    },
  };
}
