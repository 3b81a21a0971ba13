import { listLinks, listRoutes, type Netlink, readSysctl, writeSysctl } from '../linux/index.ts';

const IP_FORWARD = 'net.ipv4.ip_forward';
const ETHERNET_MTU = 1500;

/** Lets the host pass packets on between its networks. Gives true when it did not before. */
export function enableForwarding(): boolean {
  if (readSysctl(IP_FORWARD) !== '0') return false;
  writeSysctl(IP_FORWARD, '1');
  return true;
}

/** The MTU of the interface by which the host reaches the world, so that containers need no path MTU discovery. */
export function uplinkMtu(netlink: Netlink): number {
  const uplink = listRoutes(netlink).find(
    (route) => route.prefixLength === 0 && !route.gateway.includes(':'),
  );
  if (uplink === undefined) return ETHERNET_MTU;
  return listLinks(netlink).find((link) => link.index === uplink.index)?.mtu ?? ETHERNET_MTU;
}
