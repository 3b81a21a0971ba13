import {
  Conflict,
  type CreateNetworkRequest,
  Forbidden,
  InvalidArgument,
  NotFound,
  Unavailable,
} from '../../api/index.ts';
import type { DriverKind, Subnet } from '../../network/index.ts';
import { checkBridgeOptions } from './bridge-options.ts';
import type { Catalogue } from './catalogue.ts';
import type { Ipam } from './ipam.ts';
import { stackingOf } from './stacked-options.ts';
import { type NetworkRecord, type NetworkSettings, newRecord, PREDEFINED } from './store.ts';

/** Names that mean one of the engine's own networks. */
const RESERVED = new Set([...PREDEFINED, 'default', 'container']);
const DRIVERS: ReadonlySet<string> = new Set(['bridge', 'macvlan', 'ipvlan', 'host', 'null']);

/**
 * The record of the network that is asked for, complete: nothing is left to be decided. Throws Conflict (name), Forbidden
 * (predefined, overlap), NotFound (driver, template), InvalidArgument, Unavailable (only for swarms).
 */
export function planNetwork(catalogue: Catalogue, ipam: Ipam, request: CreateNetworkRequest): NetworkRecord {
  checkName(catalogue, request.Name);
  if (request.ConfigOnly) return template(request);
  const wish = request.ConfigFrom.Network === '' ? request : fromTemplate(catalogue, request);
  const driver = driverOf(wish);
  if (driver === 'host' || driver === 'null') {
    throw new Forbidden(`only one instance of "${driver}" network is allowed`);
  }
  if (driver === 'bridge') checkBridgeOptions(wish.Options);
  else stackingOf(driver, wish.Options);
  const ipv4 = wish.EnableIPv4 ?? true;
  const ipv6 = wish.EnableIPv6 ?? wish.IPAM.Config.some(({ Subnet }) => Subnet.includes(':'));
  if (!ipv4 && !ipv6) {
    throw new InvalidArgument('IPv4 or IPv6 must be enabled: a network needs addresses of one of them');
  }
  const subnets = ipam.plan({ ipv4, ipv6, config: wish.IPAM.Config, gateways: needsGateway(driver, wish) });
  return newRecord(request.Name, driver, {
    ...settingsOf(wish, subnets),
    ipv4,
    ipv6,
    configFrom: request.ConfigFrom.Network,
  });
}

function checkName(catalogue: Catalogue, name: string): void {
  if (name.trim() === '' || /[/\s]/.test(name)) throw new InvalidArgument(`invalid network name: "${name}"`);
  if (RESERVED.has(name)) {
    throw new Forbidden(`operation is not permitted on predefined ${name} network`);
  }
  if (catalogue.byName(name) !== undefined) throw new Conflict(`network with name ${name} already exists`);
}

function driverOf({ Driver, Scope, Ingress }: CreateNetworkRequest): DriverKind {
  const name = Driver || 'bridge';
  if (name === 'overlay' || Ingress || !['', 'local'].includes(Scope)) {
    throw new Unavailable(
      'This node is not a swarm manager: overlay, ingress and swarm-scoped networks are not for this engine',
    );
  }
  if (!DRIVERS.has(name))
    throw new NotFound(`could not find plugin ${name} in v1 plugin registry: plugin not found`);
  return name as DriverKind;
}

/** macvlan and ipvlan need no address of the host's: without a gateway the containers stay on their link. */
function needsGateway(driver: DriverKind, { Internal, Options }: CreateNetworkRequest): boolean {
  if (driver === 'bridge') return true;
  return !Internal && !/^l3/.test(Options['ipvlan_mode'] ?? '');
}

/** What a template holds is given to the networks that are made from it, and checked then. They name their own driver. */
function template(request: CreateNetworkRequest): NetworkRecord {
  const subnets = request.IPAM.Config.map(
    (entry): Subnet => ({
      subnet: entry.Subnet,
      ...(entry.Gateway !== '' && { gateway: entry.Gateway }),
      ...(entry.IPRange !== '' && { range: entry.IPRange }),
      ...(Object.keys(entry.AuxiliaryAddresses).length > 0 && { auxiliary: entry.AuxiliaryAddresses }),
    }),
  );
  return newRecord(request.Name, 'null', {
    ...settingsOf(request, subnets),
    ipv4: request.EnableIPv4 ?? true,
    ipv6: request.EnableIPv6 ?? false,
    configOnly: true,
  });
}

function fromTemplate(catalogue: Catalogue, request: CreateNetworkRequest): CreateNetworkRequest {
  const { Network: name } = request.ConfigFrom;
  const { record } = catalogue.find(name);
  const { settings } = record;
  if (!settings.configOnly) throw new Forbidden(`network ${name} is not a configuration only network`);
  const clash = request.IPAM.Config.length > 0 || Object.keys(request.Options).length > 0 || request.Internal;
  if (clash) {
    throw new Forbidden(
      'network-specific configuration cannot be given together with a configuration network',
    );
  }
  return {
    ...request,
    EnableIPv4: settings.ipv4,
    EnableIPv6: settings.ipv6,
    Internal: settings.internal,
    Options: { ...settings.options },
    Labels: { ...settings.labels, ...request.Labels },
    IPAM: {
      Driver: settings.ipamDriver,
      Options: { ...settings.ipamOptions },
      Config: settings.subnets.map(({ subnet, range, gateway, auxiliary }) => ({
        Subnet: subnet,
        IPRange: range ?? '',
        Gateway: gateway ?? '',
        AuxiliaryAddresses: { ...auxiliary },
      })),
    },
  };
}

function settingsOf(request: CreateNetworkRequest, subnets: readonly Subnet[]): NetworkSettings {
  const { IPAM } = request;
  if (!['', 'default', 'null'].includes(IPAM.Driver)) {
    throw new NotFound(`could not find plugin ${IPAM.Driver} in v1 plugin registry: plugin not found`);
  }
  return {
    ipv4: true,
    ipv6: false,
    internal: request.Internal,
    attachable: request.Attachable,
    configOnly: false,
    configFrom: '',
    labels: request.Labels,
    options: request.Options,
    ipamDriver: IPAM.Driver || 'default',
    ipamOptions: IPAM.Options,
    subnets,
    chosenSubnets: IPAM.Config.some(({ Subnet }) => Subnet !== ''),
  };
}
