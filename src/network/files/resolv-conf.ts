import { addressBytes } from '../../linux/index.ts';
import { NAME_SERVER } from '../dns/index.ts';

/** Docker's choice for containers whose host has no name server that they can reach. */
export const FALLBACK_SERVERS = ['8.8.8.8', '8.8.4.4'];

/** The parts of resolv.conf(5) that containers get. */
export interface ResolvConf {
  readonly nameservers: readonly string[];
  readonly search: readonly string[];
  readonly options: readonly string[];
  /** Other lines, such as `sortlist`, as they are. */
  readonly others: readonly string[];
}

/** What `--dns`, `--dns-search` and `--dns-option` say; an empty list leaves the host's. */
export interface DnsSettings {
  readonly dns: readonly string[];
  readonly search: readonly string[];
  readonly options: readonly string[];
}

/** Reads a resolv.conf. Of several `search` or `domain` lines the last counts. */
export function parseResolvConf(text: string): ResolvConf {
  const nameservers: string[] = [];
  const options: string[] = [];
  const others: string[] = [];
  let search: string[] = [];
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line.trim().split(/\s+/);
    if (keyword === undefined || keyword === '' || /^[#;]/.test(keyword)) continue;
    if (keyword === 'nameserver') nameservers.push(...values.slice(0, 1));
    else if (keyword === 'search' || keyword === 'domain') search = values;
    else if (keyword === 'options') options.push(...values);
    else others.push(line.trim());
  }
  return { nameservers, search, options, others };
}

/** Whether the file only points at systemd-resolved, whose real servers are in /run/systemd/resolve/resolv.conf. */
export function isResolvedStub(conf: ResolvConf): boolean {
  return conf.nameservers.length > 0 && conf.nameservers.every((server) => server === '127.0.0.53');
}

/**
 * The text of a container's /etc/resolv.conf. A container with a network of its own (`isolated`) cannot reach name servers
 * on the host's loopback, nor IPv6 ones without IPv6: those are left out, and public ones stand in when none remains. A
 * search list of `.` alone means none. One that has a name server of the engine's (`named`) asks that alone, and at once for
 * names without a dot, since containers have such.
 */
export function resolvConfFile(
  host: ResolvConf,
  settings: DnsSettings,
  network: { readonly isolated: boolean; readonly ipv6: boolean; readonly named: boolean },
): string {
  const merged = merge(host, settings);
  const { nameservers, search, options } = network.named ? askingEngine(merged) : merged;
  const servers =
    network.isolated && !network.named && settings.dns.length === 0
      ? reachable(nameservers, network.ipv6)
      : nameservers;
  return [
    ...(search.length === 0 ? [] : [`search ${search.join(' ')}`]),
    ...servers.map((server) => `nameserver ${server}`),
    ...(options.length === 0 ? [] : [`options ${options.join(' ')}`]),
    ...host.others,
    '',
  ].join('\n');
}

function merge(host: ResolvConf, settings: DnsSettings) {
  const search = settings.search.length > 0 ? settings.search : host.search;
  return {
    nameservers: settings.dns.length > 0 ? settings.dns : host.nameservers,
    search: search.length === 1 && search[0] === '.' ? [] : search,
    options: settings.options.length > 0 ? settings.options : host.options,
  };
}

function askingEngine({ search, options }: ReturnType<typeof merge>): ReturnType<typeof merge> {
  const dots = options.some((option) => option.startsWith('ndots:')) ? [] : ['ndots:0'];
  return { nameservers: [NAME_SERVER], search, options: [...options, ...dots] };
}

function reachable(nameservers: readonly string[], ipv6: boolean): readonly string[] {
  const usable = nameservers.filter((server) => {
    const bytes = addressBytes(server.replace(/%.*$/, ''));
    if (bytes === undefined) return false;
    return bytes.length === 4 ? bytes[0] !== 127 : ipv6 && !isIpv6Loopback(bytes);
  });
  return usable.length > 0 ? usable : FALLBACK_SERVERS;
}

function isIpv6Loopback(bytes: Buffer): boolean {
  return bytes[15] === 1 && bytes.subarray(0, 15).every((byte) => byte === 0);
}
