import { type Filters, parseTime, parseTimeArgument } from '../../api/index.ts';
import { folderSize } from '../folder-size.ts';
import type { Container } from './container.ts';
import type { ContainerParts } from './parts.ts';
import { isUp } from './record.ts';
import { remove } from './remove.ts';

export const PRUNE_FILTERS = ['label', 'label!', 'until'];

/** What `POST /containers/prune` answers. */
export interface PruneReport {
  readonly ContainersDeleted: string[];
  readonly SpaceReclaimed: number;
}

/** Removes all stopped containers that pass the filters. Throws InvalidArgument. */
export async function prune(parts: ContainerParts, filters: Filters): Promise<PruneReport> {
  const until = filters.values('until')[0];
  const limit = until === undefined ? undefined : parseTimeArgument(until);
  const chosen = parts.store.all().filter((container) => isPrunable(container, filters, limit));
  const ContainersDeleted: string[] = [];
  let SpaceReclaimed = 0;
  for (const container of chosen) {
    const size = await folderSize(container.files.upper);
    try {
      await remove(parts, container, { force: false, volumes: false });
    } catch {
      // It was started or removed in the meantime.
      continue;
    }
    ContainersDeleted.push(container.id);
    SpaceReclaimed += size;
  }
  parts.events.publish('container', 'prune', '', { reclaimed: String(SpaceReclaimed) });
  return { ContainersDeleted, SpaceReclaimed };
}

function isPrunable({ record, state }: Container, filters: Filters, limit: bigint | undefined): boolean {
  const { Labels } = record.config;
  if (isUp(state) || !filters.labels(Labels)) return false;
  if (filters.has('label!') && filters.labels(Labels, 'label!')) return false;
  return limit === undefined || (parseTime(record.created) ?? 0n) < limit;
}
