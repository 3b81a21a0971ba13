import {
  type ContainerConfig,
  type EndpointSettings,
  type HostConfig,
  InvalidArgument,
  type NetworkingConfig,
  NotFound,
} from '../../api/index.ts';
import { type NetworkService, PREDEFINED_NETWORKS } from '../networks/index.ts';
import { refusing } from './refusing.ts';
import type { ContainerStore } from './store.ts';

/** An endpoint about which nothing was said. */
export const PLAIN_ENDPOINT: EndpointSettings = {
  IPAMConfig: null,
  Links: [],
  Aliases: [],
  MacAddress: '',
  DriverOpts: {},
  GwPriority: 0,
};

export interface NetworkChoice {
  /** The mode with its names made out: `bridge`, a network's name, `container:<ID>` ... */
  readonly mode: string;
  /** The networks to join, the mode's own first; their order is that of the interfaces. */
  readonly networkingConfig: NetworkingConfig;
}

/**
 * The networks that a container is to join, from what a request says about them. A network that does not exist is left as it
 * was named: it may be made before the start. Throws InvalidArgument.
 */
export function chooseNetworks(
  { networks, store }: { readonly networks: NetworkService; readonly store: ContainerStore },
  wanted: string,
  { EndpointsConfig }: NetworkingConfig,
): NetworkChoice {
  const given = Object.entries(EndpointsConfig).map(
    ([name, settings]) => [realName(networks, name), settings ?? PLAIN_ENDPOINT] as const,
  );
  if (wanted.startsWith('container:')) {
    if (given.length > 0) throw new InvalidArgument(SHARED);
    const owner = refusing(() => store.get(wanted.slice('container:'.length)));
    return { mode: `container:${owner.id}`, networkingConfig: { EndpointsConfig: {} } };
  }
  const unsaid = wanted === '' || wanted === 'default';
  const mode = realName(networks, unsaid ? (given[0]?.[0] ?? 'bridge') : wanted);
  const endpoints = new Map([[mode, PLAIN_ENDPOINT], ...given]);
  refuseMixtures([...endpoints.keys()]);
  return { mode, networkingConfig: { EndpointsConfig: Object.fromEntries(endpoints) } };
}

const SHARED =
  'container sharing network namespace with another container or host cannot be connected to any other network';
const ALONE =
  'container cannot be connected to multiple networks with one of the networks in private (none) mode';

/** Throws InvalidArgument when `host` or `none` is among several networks. */
export function refuseMixtures(names: readonly string[]): void {
  if (names.length < 2) return;
  if (names.includes('host')) throw new InvalidArgument(SHARED);
  if (names.includes('none')) throw new InvalidArgument(ALONE);
}

/** Throws InvalidArgument when the container lives in a namespace that is not its own. */
export function refuseShared(mode: string): void {
  if (mode.startsWith('container:')) throw new InvalidArgument(SHARED);
}

/** Throws InvalidArgument for options that a container without a network of its own cannot have. */
export function checkModeConflicts(config: ContainerConfig, host: HostConfig): void {
  const { NetworkMode } = host;
  const shared = NetworkMode.startsWith('container:');
  if (!shared) return;
  const published = host.PublishAllPorts || Object.values(host.PortBindings).some((list) => list.length > 0);
  const clashes: ReadonlyArray<readonly [asked: boolean, what: string]> = [
    [config.Hostname !== '', 'hostname and the network mode'],
    [host.Links.length > 0, 'container type network cannot be used with links'],
    [host.Dns.length > 0, 'dns and the network mode'],
    [host.ExtraHosts.length > 0, 'custom host-to-IP mapping and the network mode'],
    [config.MacAddress !== '', 'mac-address and the network mode'],
    [published, 'port publishing and the container type network mode'],
    [Object.keys(config.ExposedPorts).length > 0, 'port exposing and the container type network mode'],
  ];
  for (const [asked, what] of clashes) {
    if (asked) throw new InvalidArgument(`conflicting options: ${what}`);
  }
}

/** Whether a network is one that a user has made, in which containers have names. */
export function isUserDefined(name: string): boolean {
  return !PREDEFINED_NETWORKS.has(name);
}

/** Clients call the engine's default network `default`; an ID becomes the name that belongs to it. */
function realName(networks: NetworkService, reference: string): string {
  if (reference === 'default') return 'bridge';
  try {
    return networks.find(reference).name;
  } catch (error) {
    if (error instanceof NotFound) return reference;
    throw error;
  }
}
