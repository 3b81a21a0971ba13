import type { NetworkContainer, NetworkResource } from '../../api/index.ts';
import type { Subnet } from '../../network/index.ts';
import type { Network } from './catalogue.ts';
import type { Endpoint } from './sandbox.ts';

/** A network as the Engine API shows it. */
export function networkResource(
  { record, driver }: Network,
  containers: Record<string, NetworkContainer>,
): NetworkResource {
  const { settings } = record;
  return {
    Name: record.name,
    Id: record.id,
    Created: record.created,
    Scope: 'local',
    Driver: record.driver,
    EnableIPv4: settings.ipv4,
    EnableIPv6: settings.ipv6,
    IPAM: {
      Driver: settings.ipamDriver,
      Options: Object.keys(settings.ipamOptions).length > 0 ? { ...settings.ipamOptions } : null,
      Config: (settings.configOnly ? settings.subnets : driver.subnets).map(subnetView),
    },
    Internal: settings.internal,
    Attachable: settings.attachable,
    Ingress: false,
    ConfigFrom: { Network: settings.configFrom },
    ConfigOnly: settings.configOnly,
    Containers: containers,
    Options: { ...driver.options },
    Labels: { ...settings.labels },
  };
}

function subnetView({ subnet, range, gateway, auxiliary }: Subnet) {
  return {
    Subnet: subnet,
    ...(range === undefined ? {} : { IPRange: range }),
    ...(gateway === undefined ? {} : { Gateway: gateway }),
    ...(auxiliary === undefined || Object.keys(auxiliary).length === 0
      ? {}
      : { AuxiliaryAddresses: { ...auxiliary } }),
  };
}

/** A connected container as the Engine API shows it. */
export function networkContainer(name: string, endpoint: Endpoint): NetworkContainer {
  return {
    Name: name,
    EndpointID: endpoint.endpointId,
    MacAddress: endpoint.macAddress,
    IPv4Address: withPrefix(endpoint.ipAddress, endpoint.prefixLen),
    IPv6Address: withPrefix(endpoint.ipv6Address, endpoint.ipv6PrefixLen),
  };
}

function withPrefix(address: string, prefixLength: number): string {
  return address === '' ? '' : `${address}/${prefixLength}`;
}
