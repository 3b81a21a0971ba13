import { type Filters, InvalidArgument } from '../../api/index.ts';
import { isAnonymous, LOCAL_DRIVER } from './record.ts';
import type { Volume } from './volume.ts';

/** The filters of `GET /volumes`. */
export const VOLUME_FILTERS = ['dangling', 'driver', 'label', 'name'];
/** Those of `POST /volumes/prune`. */
export const VOLUME_PRUNE_FILTERS = ['all', 'label', 'label!'];

/**
 * The volumes that pass the filters, by name; for `prune` those that may go. `users` has an entry for each volume that a
 * container has. Throws InvalidArgument.
 */
export function selectVolumes(
  volumes: readonly Volume[],
  users: ReadonlyMap<string, unknown>,
  filters: Filters,
  purpose: 'list' | 'prune' = 'list',
): Volume[] {
  filters.validate(purpose === 'list' ? VOLUME_FILTERS : VOLUME_PRUNE_FILTERS);
  const all = filters.boolean('all', false);
  const dangling = filters.has('dangling') ? oneBoolean(filters) : undefined;
  return volumes
    .filter(({ name, phase, record, holders }) => {
      const used = users.has(name);
      if (phase === 'removing') return false;
      if (purpose === 'prune') {
        if (used || phase !== 'ready' || holders.size > 0 || !(all || isAnonymous(record))) return false;
        if (filters.has('label!') && filters.labels(record.labels, 'label!')) return false;
      }
      return (
        (dangling === undefined || dangling !== used) &&
        filters.exact('driver', LOCAL_DRIVER) &&
        filters.labels(record.labels) &&
        filters.match('name', name)
      );
    })
    .sort((one, other) => (one.name < other.name ? -1 : 1));
}

function oneBoolean(filters: Filters): boolean {
  const values = filters.values('dangling');
  if (values.length > 1) throw new InvalidArgument(`invalid filter 'dangling=[${values.join(' ')}]'`);
  return filters.boolean('dangling', false);
}
