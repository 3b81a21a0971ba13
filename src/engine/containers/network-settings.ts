import type { EndpointSettings } from '../../api/index.ts';
import type { Endpoint } from '../networks/index.ts';
import type { Container } from './container.ts';
import { PLAIN_ENDPOINT } from './network-config.ts';
import { shownDnsNames } from './networking.ts';
import { portMap } from './ports.ts';
import type { ContainerRecord } from './record.ts';

/** A container's place in its networks as `inspect` shows it: the addresses of the running one, the names alone of any other. */
export function networkSettings({ record, state }: Container): Record<string, unknown> {
  const { sandbox } = state;
  const byName = new Map((sandbox?.endpoints ?? []).map((endpoint) => [endpoint.networkName, endpoint]));
  const { EndpointsConfig } = record.networkingConfig;
  return {
    Bridge: '',
    SandboxID: sandbox === undefined ? '' : record.id,
    SandboxKey: sandbox?.netnsPath ?? '',
    Ports: sandbox === undefined ? {} : portMap(record.config.ExposedPorts, sandbox.ports ?? []),
    HairpinMode: false,
    LinkLocalIPv6Address: '',
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    // What was there before there were networks shows the default one.
    ...addressesOf(byName.get('bridge'), undefined),
    Networks: Object.fromEntries(
      Object.entries(EndpointsConfig).map(([name, settings]) => [
        name,
        endpointView(record, name, settings ?? PLAIN_ENDPOINT, byName.get(name)),
      ]),
    ),
  };
}

function endpointView(
  record: ContainerRecord,
  network: string,
  settings: EndpointSettings,
  endpoint: Endpoint | undefined,
): Record<string, unknown> {
  const { IPAMConfig, Links, Aliases, DriverOpts, GwPriority, MacAddress } = settings;
  return {
    IPAMConfig: ipamView(IPAMConfig),
    Links: Links.length > 0 ? Links : null,
    Aliases: Aliases.length > 0 ? Aliases : null,
    DriverOpts: Object.keys(DriverOpts).length > 0 ? DriverOpts : null,
    GwPriority,
    NetworkID: endpoint?.networkId ?? '',
    ...addressesOf(endpoint, MacAddress),
    DNSNames: endpoint === undefined ? null : shownDnsNames(record, network, Aliases),
  };
}

/** What was chosen, without what was left open. */
function ipamView(ipam: EndpointSettings['IPAMConfig']): Record<string, unknown> | null {
  if (ipam == null) return null;
  const { IPv4Address, IPv6Address, LinkLocalIPs } = ipam;
  return {
    ...(IPv4Address !== '' && { IPv4Address }),
    ...(IPv6Address !== '' && { IPv6Address }),
    ...(LinkLocalIPs.length > 0 && { LinkLocalIPs }),
  };
}

function addressesOf(endpoint: Endpoint | undefined, mac: string | undefined): Record<string, unknown> {
  return {
    EndpointID: endpoint?.endpointId ?? '',
    Gateway: endpoint?.gateway ?? '',
    IPAddress: endpoint?.ipAddress ?? '',
    IPPrefixLen: endpoint?.prefixLen ?? 0,
    IPv6Gateway: endpoint?.ipv6Gateway ?? '',
    GlobalIPv6Address: endpoint?.ipv6Address ?? '',
    GlobalIPv6PrefixLen: endpoint?.ipv6PrefixLen ?? 0,
    MacAddress: endpoint?.macAddress ?? mac ?? '',
  };
}
