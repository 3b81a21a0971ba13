import { type Filters, InvalidArgument, NotFound, parseTime } from '../../api/index.ts';
import { commandOf } from '../../runtime/index.ts';
import type { Container } from './container.ts';
import { type MountPoint, mountView, normalise } from './mounts/point.ts';
import { networkSettings } from './network-settings.ts';
import { portList } from './ports.ts';
import { statusText } from './status-text.ts';
import type { ContainerStore } from './store.ts';

/** The filters of `GET /containers/json`. */
export const LIST_FILTERS = [
  'ancestor',
  'before',
  'expose',
  'exited',
  'health',
  'id',
  'is-task',
  'isolation',
  'label',
  'name',
  'network',
  'publish',
  'since',
  'status',
  'volume',
];

const STATUSES = ['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'];
const HEALTHS = ['starting', 'healthy', 'unhealthy', 'none'];
const NANOS = 1_000_000_000n;

export interface ListRequest {
  readonly all: boolean;
  /** The newest so many, whatever their state; 0 for no limit. */
  readonly limit: number;
  readonly filters: Filters;
  /** The ID of the image that a filter's value means, or undefined. */
  imageId(reference: string): string | undefined;
}

/** The containers that are asked for, newest first. Throws InvalidArgument, NotFound. */
export function selectContainers(store: ContainerStore, request: ListRequest): Container[] {
  const { filters, limit } = request;
  const passes = filterFor(store, request);
  const everything =
    request.all || limit > 0 || ['status', 'exited', 'before', 'since'].some((key) => filters.has(key));
  const found = store
    .all()
    .reverse()
    .filter((container) => (everything || isUp(container)) && passes(container));
  return limit > 0 ? found.slice(0, limit) : found;
}

function isUp({ state }: Container): boolean {
  return ['running', 'paused', 'restarting'].includes(state.status);
}

function createdAt(container: Container): bigint {
  return parseTime(container.record.created) ?? 0n;
}

function filterFor(
  store: ContainerStore,
  { filters, imageId }: ListRequest,
): (container: Container) => boolean {
  const wrong = filters.values('status').find((status) => !STATUSES.includes(status));
  if (wrong !== undefined) {
    throw new InvalidArgument(`invalid filter 'status=${wrong}': use one of ${STATUSES.join(', ')}`);
  }
  const unhealthy = filters.values('health').find((health) => !HEALTHS.includes(health));
  if (unhealthy !== undefined) {
    throw new InvalidArgument(`invalid filter 'health=${unhealthy}': use one of ${HEALTHS.join(', ')}`);
  }
  const codes = filters.values('exited').map((code) => {
    if (!/^-?\d+$/.test(code))
      throw new InvalidArgument(`invalid filter 'exited=${code}': a number is expected`);
    return Number(code);
  });
  const ancestors = filters.values('ancestor').map(imageId);
  const before = boundary(store, filters.values('before'));
  const since = boundary(store, filters.values('since'));
  return (container) => {
    const { record, state } = container;
    return (
      filters.prefix('id', record.id) &&
      (filters.match('name', record.name) || filters.match('name', `/${record.name}`)) &&
      filters.labels(record.config.Labels) &&
      filters.exact('status', state.status) &&
      (codes.length === 0 || (state.status === 'exited' && codes.includes(state.exitCode))) &&
      (ancestors.length === 0 || ancestors.includes(record.imageId)) &&
      (before === undefined || createdAt(container) < before) &&
      (since === undefined || createdAt(container) > since) &&
      filters.exact('health', state.health?.status ?? 'none') &&
      (!filters.has('network') ||
        Object.keys(record.networkingConfig.EndpointsConfig).some((name) => filters.exact('network', name)) ||
        (state.sandbox?.endpoints ?? []).some(({ networkId }) => filters.prefix('network', networkId))) &&
      (!filters.has('expose') ||
        filters.values('expose').some((port) => exposes(record.config.ExposedPorts, port))) &&
      (!filters.has('publish') ||
        filters.values('publish').some((port) => exposes(record.hostConfig.PortBindings, port))) &&
      (!filters.has('volume') ||
        filters.values('volume').some((wanted) => mountsIt(record.mounts, wanted))) &&
      !filters.boolean('is-task', false)
    );
  };
}

function exposes(ports: Record<string, unknown>, wanted: string): boolean {
  return (wanted.includes('/') ? wanted : `${wanted}/tcp`) in ports;
}

function mountsIt(mounts: readonly MountPoint[], wanted: string): boolean {
  return mounts.some(
    ({ volume, source, target }) =>
      wanted === (volume?.name ?? source) || (wanted.startsWith('/') && normalise(wanted) === target),
  );
}

function boundary(store: ContainerStore, references: readonly string[]): bigint | undefined {
  const reference = references[0];
  if (reference === undefined) return undefined;
  try {
    return createdAt(store.get(reference));
  } catch (error) {
    if (error instanceof NotFound) throw new NotFound(`No such container: ${reference}`);
    throw error;
  }
}

/** A container in the shape of `GET /containers/json`. */
export function summarise(
  container: Container,
  sizes: { readonly rw: number; readonly rootFs: number } | undefined,
): Record<string, unknown> {
  const { record, state } = container;
  const { Networks } = networkSettings(container) as { Networks: unknown };
  return {
    Id: record.id,
    Names: [`/${record.name}`],
    Image: record.config.Image,
    ImageID: record.imageId,
    Command: commandText(commandOf(record.config)),
    Created: Number(createdAt(container) / NANOS),
    Ports: isUp(container) ? portList(record.config.ExposedPorts, state.sandbox?.ports ?? []) : [],
    ...(sizes && { SizeRw: sizes.rw, SizeRootFs: sizes.rootFs }),
    Labels: record.config.Labels,
    State: state.status,
    Status: statusText(state),
    HostConfig: { NetworkMode: record.hostConfig.NetworkMode },
    NetworkSettings: { Networks },
    Mounts: record.mounts.map(mountView),
  };
}

/** The command as dockerd lists it: words with spaces in them stand between quotes. */
function commandText(words: readonly string[]): string {
  return words.map((word) => (word.includes(' ') ? `'${word}'` : word)).join(' ');
}
