import { readFileSync } from 'node:fs';
import {
  type DnsSettings,
  FALLBACK_SERVERS,
  isResolvedStub,
  NAME_SERVER,
  parseResolvConf,
  type ResolvConf,
  type Upstream,
} from '../../network/index.ts';
import type { EngineConfig } from '../config.ts';

const RESOLVED_FILE = '/run/systemd/resolve/resolv.conf';
const PORT = 53;

/** What a container says about name servers, or else the engine's configuration; an empty list leaves the host's. */
export function effectiveDns(config: EngineConfig, own: DnsSettings): DnsSettings {
  return {
    dns: firstGiven(own.dns, config.dns),
    search: firstGiven(own.search, config.dnsSearch),
    options: firstGiven(own.options, config.dnsOpts),
  };
}

/** The host's own settings, as a container with a network of its own, or one on the host's, can use them. */
export function hostResolvConf(isolated: boolean): ResolvConf {
  const conf = parseResolvConf(readOptional('/etc/resolv.conf') ?? '');
  const real = isolated && isResolvedStub(conf) ? readOptional(RESOLVED_FILE) : undefined;
  return real === undefined ? conf : parseResolvConf(real);
}

/**
 * Whom the engine asks on a container's behalf. Servers that were chosen for it are asked from where it is, as it would do
 * itself; the host's are asked from the host, loopback addresses included, unless the container is to be kept from there.
 */
export function upstreamsOf(
  { dns }: DnsSettings,
  { netnsPath, internal }: { readonly netnsPath: string; readonly internal: boolean },
): Upstream[] {
  const servers = dns.filter((address) => address !== NAME_SERVER);
  if (servers.length > 0) return servers.map((address) => ({ address, port: PORT, netnsPath }));
  if (internal) return [];
  const { nameservers } = hostResolvConf(false);
  const hosts = nameservers.length > 0 ? nameservers : FALLBACK_SERVERS;
  return hosts.map((address) => ({ address, port: PORT, netnsPath: undefined }));
}

/** Whether names without a dot go through the search list first, as `ndots:N` of resolv.conf(5) demands. */
export function searchesFirst({ options }: DnsSettings): boolean {
  const effective = options.length > 0 ? options : hostResolvConf(false).options;
  return effective.some((option) => /^ndots:[1-9]/.test(option));
}

function firstGiven(own: readonly string[], engines: readonly string[]): readonly string[] {
  return own.length > 0 ? own : engines;
}

/** The text of a file, or undefined when there is none. */
export function readOptional(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
