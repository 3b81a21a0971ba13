import { type Filters, InvalidArgument, parseTime, parseTimeArgument } from '../../api/index.ts';
import type { Network } from './catalogue.ts';
import { PREDEFINED } from './store.ts';

/** The filters of `POST /networks/prune`. */
export const NETWORK_PRUNE_FILTERS = ['label', 'label!', 'until'];

/** The filters of `GET /networks`. */
export const NETWORK_FILTERS = ['dangling', 'driver', 'id', 'label', 'name', 'scope', 'type'];

/** Which networks pass. `inUse` tells whether containers are in one. Throws InvalidArgument. */
export function networkFilter(
  filters: Filters,
  inUse: (network: Network) => boolean,
): (network: Network) => boolean {
  const strange = filters.values('type').find((type) => type !== 'custom' && type !== 'builtin');
  if (strange !== undefined) throw new InvalidArgument(`invalid filter: 'type'='${strange}'`);
  const dangling = filters.has('dangling') ? filters.boolean('dangling', false) : undefined;
  return (network) => {
    const { record } = network;
    const builtin = PREDEFINED.has(record.name);
    return (
      (dangling === undefined || (dangling ? !builtin && !inUse(network) : builtin || inUse(network))) &&
      filters.match('id', record.id) &&
      filters.match('name', record.name) &&
      filters.exact('driver', record.driver) &&
      filters.exact('scope', 'local') &&
      filters.exact('type', builtin ? 'builtin' : 'custom') &&
      filters.labels(record.settings.labels)
    );
  };
}

/** Which networks a pruning may take. Throws InvalidArgument. */
export function pruneFilter(filters: Filters): (network: Network) => boolean {
  const until = filters.values('until')[0];
  const limit = until === undefined ? undefined : parseTimeArgument(until);
  return ({ record }) =>
    !PREDEFINED.has(record.name) &&
    filters.labels(record.settings.labels) &&
    !(filters.has('label!') && filters.labels(record.settings.labels, 'label!')) &&
    (limit === undefined || (parseTime(record.created) ?? 0n) < limit);
}
