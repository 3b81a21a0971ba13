import type { NetworkContainer, NetworkResource } from '../../api/index.ts';
import type { Driver } from '../../network/index.ts';
import type { Endpoint } from './sandbox.ts';
import type { NetworkRecord } from './store.ts';

/** A network as the Engine API shows it. */
export function networkResource(
  record: NetworkRecord,
  driver: Driver,
  containers: Record<string, NetworkContainer>,
): NetworkResource {
  return {
    Name: record.name,
    Id: record.id,
    Created: record.created,
    Scope: 'local',
    Driver: record.driver,
    EnableIPv4: true,
    EnableIPv6: false,
    IPAM: {
      Driver: 'default',
      Options: null,
      Config: driver.subnets.map(({ subnet, range, gateway }) => ({
        Subnet: subnet,
        ...(range === undefined ? {} : { IPRange: range }),
        Gateway: gateway,
      })),
    },
    Internal: false,
    Attachable: false,
    Ingress: false,
    ConfigFrom: { Network: '' },
    ConfigOnly: false,
    Containers: containers,
    Options: { ...driver.options },
    Labels: {},
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
