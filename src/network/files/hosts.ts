import { InvalidArgument } from '../../api/index.ts';
import { addressBytes } from '../../linux/index.ts';

/** What Docker writes at the head of every container's /etc/hosts. */
const LOCAL_NAMES = `127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
ff00::0\tip6-mcastprefix
ff02::1\tip6-allnodes
ff02::2\tip6-allrouters
`;

export interface HostsRequest {
  readonly hostname: string;
  readonly domainname?: string | undefined;
  /** The container's own addresses. */
  readonly addresses: readonly string[];
  /** `name:address` as `--add-host` gives them; the address may be `host-gateway`. */
  readonly extraHosts: readonly string[];
  /** What `host-gateway` stands for. */
  readonly hostGateways: readonly string[];
  /** The host's own /etc/hosts, when the container shares the host's network. */
  readonly hostFile?: string | undefined;
}

/** The text of /etc/hosts (hosts(5)). Throws InvalidArgument for an extra host that is not of the form name:address. */
export function hostsFile(request: HostsRequest): string {
  const head = request.hostFile === undefined ? LOCAL_NAMES : terminated(request.hostFile);
  const extra = request.extraHosts.flatMap((entry) => extraLines(entry, request.hostGateways));
  const names = ownNames(request.hostname, request.domainname);
  const own = request.addresses.filter(Boolean).map((address) => `${address}\t${names}\n`);
  return head + extra.join('') + own.join('');
}

/** The full name first, then the bare one: `web.example.org web`. A name may bring its domain with it. */
function ownNames(hostname: string, domainname = ''): string {
  const full = domainname === '' ? hostname : `${hostname}.${domainname}`;
  const dot = full.indexOf('.');
  return dot < 0 ? full : `${full} ${full.slice(0, dot)}`;
}

function extraLines(entry: string, hostGateways: readonly string[]): string[] {
  const separator = entry.search(/[:=]/);
  const name = entry.slice(0, separator);
  const target = entry.slice(separator + 1);
  if (separator < 1) throw new InvalidArgument(`bad format for add-host: "${entry}"`);
  if (target === 'host-gateway') {
    if (hostGateways.length === 0) {
      throw new InvalidArgument(
        'unable to derive the IP value for host-gateway: there is no default bridge; set --host-gateway-ip',
      );
    }
    return hostGateways.map((gateway) => `${gateway}\t${name}\n`);
  }
  const address = target.replace(/^\[(.*)\]$/, '$1');
  if (/\s/.test(name) || addressBytes(address) === undefined) {
    throw new InvalidArgument(`invalid IP address in add-host: "${target}"`);
  }
  return [`${address}\t${name}\n`];
}

function terminated(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}
