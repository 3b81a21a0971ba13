import { readFileSync } from 'node:fs';
import { parseResolvConf } from './files/resolv-conf.ts';

/** The IPv4 name servers of the host, whose addresses no network may take. */
export function hostNameservers(): readonly string[] {
  try {
    const { nameservers } = parseResolvConf(readFileSync('/etc/resolv.conf', 'utf8'));
    return nameservers.filter((server) => !server.includes(':'));
  } catch {
    return [];
  }
}
