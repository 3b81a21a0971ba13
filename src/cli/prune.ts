import { type Client, Containers, Images, System, Volumes } from '../client/index.ts';
import { filtersJson } from './flags.ts';
import { printLine } from './output.ts';

/** What a prune is to remove. */
export interface PruneWish {
  /** Images that have a name too. */
  readonly all: boolean;
  readonly filters: Readonly<Record<string, readonly string[]>>;
}

/** Removes what nobody uses of one kind of object. */
export interface Pruner {
  /** What is about to go, as a user who is asked reads it. */
  warning(all: boolean): string;
  /** Does it, prints what went, and gives the bytes that came free. */
  prune(client: Client, wish: PruneWish): Promise<number>;
}

export const pruneContainers: Pruner = {
  warning: () => 'all stopped containers',
  async prune(client, { filters }) {
    const report = await new Containers(client).prune(filtersJson(filters));
    printDeleted('Containers', report.ContainersDeleted);
    return report.SpaceReclaimed;
  },
};

export const pruneImages: Pruner = {
  warning: (all) =>
    all ? 'all images without at least one container associated to them' : 'all dangling images',
  async prune(client, { all, filters }) {
    const wanted = { ...filters, dangling: [String(!all)] };
    const report = await new Images(client).prune(filtersJson(wanted));
    const lines = (report.ImagesDeleted ?? []).map(({ Untagged, Deleted }) =>
      Untagged ? `untagged: ${Untagged}` : `deleted: ${Deleted}`,
    );
    printDeleted('Images', lines);
    return report.SpaceReclaimed;
  },
};

export const pruneNetworks: Pruner = {
  warning: () => 'all networks not used by at least one container',
  async prune(client, { filters }) {
    const report = await new System(client).prune<{ NetworksDeleted?: string[] | null }>('networks', {
      filters: filtersJson(filters),
    });
    printDeleted('Networks', report.NetworksDeleted);
    return 0;
  },
};

export const pruneVolumes: Pruner = {
  warning: () => 'all anonymous volumes not used by at least one container',
  async prune(client, { filters }) {
    const report = await new Volumes(client).prune(filtersJson(filters));
    printDeleted('Volumes', report.VolumesDeleted);
    return report.SpaceReclaimed;
  },
};

export const pruneBuildCache: Pruner = {
  warning: (all) => (all ? 'all build cache' : 'unused build cache'),
  async prune(client, { all, filters }) {
    const report = await new System(client).prune<{
      CachesDeleted?: string[] | null;
      SpaceReclaimed: number;
    }>('build', { all, filters: filtersJson(filters) });
    printDeleted('build cache objects', report.CachesDeleted);
    return report.SpaceReclaimed;
  },
};

function printDeleted(what: string, names: readonly string[] | null | undefined): void {
  if (names && names.length > 0) printLine(`Deleted ${what}:\n${names.join('\n')}\n`);
}
