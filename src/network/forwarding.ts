import { listLinks, listRoutes, type Netlink, readSysctl, writeSysctl } from '../linux/index.ts';

const IP_FORWARD = 'net.ipv4.ip_forward';
const IPV6_FORWARD = 'net.ipv6.conf.all.forwarding';
const ETHERNET_MTU = 1500;

/** Lets the host pass packets on between its networks. Gives true when it did not before. */
export function enableForwarding(): boolean {
  if (readSysctl(IP_FORWARD) !== '0') return false;
  writeSysctl(IP_FORWARD, '1');
  return true;
}

/**
 * As `enableForwarding` for IPv6. A host that forwards takes no routes from routers any more, unless it is told to: so the
 * interfaces of a host that did are.
 */
export function enableForwarding6(netlink: Netlink): boolean {
  if (readSysctl(IPV6_FORWARD) !== '0') return false;
  for (const { name } of listLinks(netlink)) {
    const accept = `net/ipv6/conf/${name}/accept_ra`;
    if (readSysctl(accept) === '1') writeSysctl(accept, '2');
  }
  writeSysctl(IPV6_FORWARD, '1');
  return true;
}

/** Lets packets of 127.0.0.0/8 out by a bridge, for the host to reach published ports by its loopback address. */
export function routeLoopback(bridge: string): void {
  const name = `net/ipv4/conf/${bridge}/route_localnet`;
  if (readSysctl(name) === '0') writeSysctl(name, '1');
}

/** The MTU of the interface by which the host reaches the world, so that containers need no path MTU discovery. */
export function uplinkMtu(netlink: Netlink): number {
  const uplink = listRoutes(netlink).find(
    (route) => route.prefixLength === 0 && !route.gateway.includes(':'),
  );
  if (uplink === undefined) return ETHERNET_MTU;
  return listLinks(netlink).find((link) => link.index === uplink.index)?.mtu ?? ETHERNET_MTU;
}
