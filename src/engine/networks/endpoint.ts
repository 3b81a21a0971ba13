import { isIP } from 'node:net';
import { type EndpointSettings, Forbidden, InvalidArgument } from '../../api/index.ts';
import type { DriverKind } from '../../network/index.ts';
import type { Endpoint } from './sandbox.ts';
import { type NetworkRecord, PREDEFINED } from './store.ts';

/** Six bytes, the first of which tells that it is one interface's. */
const MAC_ADDRESS = /^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$/i;
const INTERFACE_NAME = 'com.docker.network.endpoint.ifname';

/** Throws InvalidArgument or Forbidden for settings that no container can have in this network. */
export function checkEndpoint(record: NetworkRecord, settings: EndpointSettings): void {
  const { MacAddress, IPAMConfig, Aliases, DriverOpts } = settings;
  if (record.settings.configOnly) {
    throw new Forbidden(
      `network ${record.name} is configuration-only: make a network from it with --config-from`,
    );
  }
  if (MacAddress !== '' && !MAC_ADDRESS.test(MacAddress)) {
    throw new InvalidArgument(`invalid MAC address: ${MacAddress}`);
  }
  const chosen = [IPAMConfig?.IPv4Address, IPAMConfig?.IPv6Address].filter(
    (it) => it !== undefined && it !== '',
  );
  for (const address of [...chosen, ...(IPAMConfig?.LinkLocalIPs ?? [])]) {
    if (isIP(address!.split('/')[0]!) === 0) {
      throw new InvalidArgument(`invalid endpoint settings:\ninvalid IP address: ${address}`);
    }
  }
  if (chosen.length > 0 && PREDEFINED.has(record.name)) {
    throw new InvalidArgument('user specified IP address is supported on user defined networks only');
  }
  if (chosen.length > 0 && !record.settings.chosenSubnets) {
    throw new InvalidArgument(
      'invalid endpoint settings:\nuser specified IP address is supported only when connecting to networks with user configured subnets',
    );
  }
  if (Aliases.length > 0 && PREDEFINED.has(record.name)) {
    throw new InvalidArgument(
      'network-scoped alias is supported only for containers in user defined networks',
    );
  }
  const wanted = DriverOpts[INTERFACE_NAME];
  if (wanted !== undefined && !/^[^\s/:]{1,15}$/.test(wanted)) {
    throw new InvalidArgument(`invalid interface name: ${wanted}: it has 1 to 15 characters`);
  }
}

/** Whether a container gets an interface in networks of this kind. */
export function hasInterface(kind: DriverKind): boolean {
  return kind !== 'host' && kind !== 'null';
}

/** The name of a new interface: the one that is wished for, else the first `ethN` that is free. Throws InvalidArgument. */
export function interfaceNameFor({ DriverOpts }: EndpointSettings, present: readonly Endpoint[]): string {
  const taken = new Set(present.map(({ interfaceName }) => interfaceName));
  const wanted = DriverOpts[INTERFACE_NAME];
  if (wanted !== undefined) {
    if (taken.has(wanted)) throw new InvalidArgument(`interface name ${wanted} is in use in this container`);
    return wanted;
  }
  for (let number = 0; ; number++) if (!taken.has(`eth${number}`)) return `eth${number}`;
}
