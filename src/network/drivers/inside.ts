import { addAddress, type Netlink, readSysctl, writeSysctl } from '../../linux/index.ts';
import { parseInterface } from '../cidr.ts';
import type { Attachment } from './driver.ts';

const DISABLE_IPV6 = 'net.ipv6.conf.default.disable_ipv6';
const LINK_LOCAL_PREFIX = { 4: 16, 6: 64 };

/** Decides whether the next interface of the thread's namespace has IPv6. A kernel without IPv6 has nothing to decide. */
export function allowIpv6(allowed: boolean): void {
  const wanted = allowed ? '0' : '1';
  const present = readSysctl(DISABLE_IPV6);
  if (present !== undefined && present !== wanted) writeSysctl(DISABLE_IPV6, wanted);
}

/** Gives an interface the addresses of its attachment. Throws SyscallError. */
export function addAddresses(netlink: Netlink, index: number, attachment: Attachment): void {
  const { ipAddress, prefixLen, ipv6Address, ipv6PrefixLen, linkLocal = [] } = attachment;
  const requests = [];
  if (ipAddress !== '') requests.push(addAddress(index, ipAddress, prefixLen));
  if (ipv6Address !== '') requests.push(addAddress(index, ipv6Address, ipv6PrefixLen));
  for (const text of linkLocal) {
    const [address, prefix] = withPrefix(text);
    requests.push(addAddress(index, address, prefix));
  }
  if (requests.length > 0) netlink.send(...requests);
}

function withPrefix(text: string): [address: string, prefixLength: number] {
  if (!text.includes('/')) return [text, LINK_LOCAL_PREFIX[text.includes(':') ? 6 : 4]];
  const { subnet } = parseInterface(text);
  return [text.slice(0, text.indexOf('/')), subnet.prefixLength];
}
