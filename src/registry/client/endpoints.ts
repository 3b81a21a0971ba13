import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { isLoopback } from './transport/loopback.ts';

/** One place where a registry can be asked. */
export interface Endpoint {
  /** Without the `/v2/`. */
  readonly url: URL;
  /** False where any certificate will do. */
  readonly verify: boolean;
  /** A stand-in for the registry itself, which is not told the registry's credentials. */
  readonly mirror: boolean;
}

/** What the engine is told about registries. */
export interface EndpointConfig {
  /** Hosts, and networks as CIDR, whose registries may lack TLS or a certificate that can be trusted. */
  readonly insecureRegistries: readonly string[];
  /** URLs of stand-ins for docker.io. */
  readonly registryMirrors: readonly string[];
}

const DOCKER_HUB = 'docker.io';
const DOCKER_HUB_URL = 'https://registry-1.docker.io';

/** Where the registry `domain` can be asked, the best place first. An insecure one is asked with TLS first, as by Docker. */
export async function endpointsOf(domain: string, config: EndpointConfig): Promise<Endpoint[]> {
  if (domain !== DOCKER_HUB) return endpointsAt(domain, config);
  const mirrors = config.registryMirrors.map(async (text): Promise<Endpoint> => {
    const url = new URL(text);
    return { url, verify: !(await isInsecure(url, config)), mirror: true };
  });
  return [...(await Promise.all(mirrors)), { url: new URL(DOCKER_HUB_URL), verify: true, mirror: false }];
}

async function endpointsAt(domain: string, config: EndpointConfig): Promise<Endpoint[]> {
  const secure = new URL(`https://${domain}`);
  if (!(await isInsecure(secure, config))) return [{ url: secure, verify: true, mirror: false }];
  return [
    { url: secure, verify: false, mirror: false },
    { url: new URL(`http://${domain}`), verify: false, mirror: false },
  ];
}

async function isInsecure({ host, hostname }: URL, config: EndpointConfig): Promise<boolean> {
  if (isLoopback(hostname) || config.insecureRegistries.includes(host)) return true;
  const networks = networksOf(config.insecureRegistries);
  if (networks === undefined) return false;
  const bare = hostname.replace(/^\[|\]$/g, '');
  const addresses = isIP(bare)
    ? [{ address: bare, family: isIP(bare) }]
    : await lookup(bare, { all: true }).catch(() => []);
  return addresses.some(({ address, family }) => networks.check(address, family === 4 ? 'ipv4' : 'ipv6'));
}

function networksOf(entries: readonly string[]): BlockList | undefined {
  const networks = new BlockList();
  for (const entry of entries) {
    const [address = '', bits] = entry.split('/');
    const version = isIP(address);
    if (bits !== undefined && version !== 0)
      networks.addSubnet(address, Number(bits), version === 4 ? 'ipv4' : 'ipv6');
  }
  return networks.rules.length > 0 ? networks : undefined;
}
