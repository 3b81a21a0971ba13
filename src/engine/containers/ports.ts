import { isIP } from 'node:net';
import { type ContainerConfig, type HostConfig, InvalidArgument } from '../../api/index.ts';
import type { PortWish, Protocol, PublishedPort } from '../../network/index.ts';

const PROTOCOLS: ReadonlySet<string> = new Set(['tcp', 'udp', 'sctp']);
const LAST_PORT = 65535;

/** A binding of a port as `inspect` shows it. `ReachableFrom` is not Docker's: it says who can reach the port. */
export interface PortBindingView {
  readonly HostIp: string;
  readonly HostPort: string;
  readonly ReachableFrom: string;
}

/** The ports to publish, from `--publish` and `--publish-all`. Throws InvalidArgument for what is no port. */
export function portWishes(config: ContainerConfig, host: HostConfig): PortWish[] {
  const wishes = Object.entries(host.PortBindings).flatMap(([text, bindings]) => {
    const { port, protocol } = parsePort(text);
    return bindings.map(
      ({ HostIp, HostPort }): PortWish => ({
        port,
        protocol,
        hostAddress: checkedAddress(HostIp),
        hostPorts: parseHostPort(HostPort),
      }),
    );
  });
  if (!host.PublishAllPorts) return wishes;
  const given = new Set(Object.keys(host.PortBindings));
  const exposed = Object.keys(config.ExposedPorts).filter((text) => !given.has(text));
  return [
    ...wishes,
    ...exposed
      .flatMap(exposedPorts)
      .map((it): PortWish => ({ ...it, hostAddress: '', hostPorts: undefined })),
  ];
}

/** `80/tcp`, or `80` alone. Throws InvalidArgument. */
function parsePort(text: string): { port: number; protocol: Protocol } {
  const [number = '', protocol = 'tcp'] = text.split('/');
  const port = Number(number);
  if (!/^\d+$/.test(number) || port < 1 || port > LAST_PORT) {
    throw new InvalidArgument(`invalid port specification: "${text}"`);
  }
  if (!PROTOCOLS.has(protocol.toLowerCase())) throw new InvalidArgument(`invalid protocol: ${protocol}`);
  return { port, protocol: protocol.toLowerCase() as Protocol };
}

/** As `parsePort`, of a range `7000-7009/tcp` each. */
function exposedPorts(text: string): { port: number; protocol: Protocol }[] {
  const [numbers = '', protocol = 'tcp'] = text.split('/');
  const [first = '', last = first] = numbers.split('-');
  const count = Number(last) - Number(first) + 1;
  return Array.from({ length: Math.max(count, 1) }, (_, index) =>
    parsePort(`${Number(first) + index}/${protocol}`),
  );
}

/** A port of the host, several to choose from (`8000-8010`), or any: empty and 0. */
function parseHostPort(text: string): PortWish['hostPorts'] {
  if (text === '' || text === '0') return undefined;
  const [head = '', tail = head] = text.split('-');
  const first = Number(head);
  const last = Number(tail);
  if (!/^\d+(-\d+)?$/.test(text) || first < 1 || last > LAST_PORT || last < first) {
    throw new InvalidArgument(`invalid port specification: "${text}"`);
  }
  return { first, last };
}

function checkedAddress(text: string): string {
  const address = text.replace(/^\[(.*)\]$/, '$1');
  if (address !== '' && isIP(address) === 0) throw new InvalidArgument(`invalid IP address: ${text}`);
  return address;
}

/** The exposed and the published ports of a running container, in the form of `NetworkSettings.Ports`. */
export function portMap(
  exposed: Readonly<Record<string, unknown>>,
  published: readonly PublishedPort[],
): Record<string, PortBindingView[] | null> {
  const map = new Map<string, PortBindingView[] | null>(Object.keys(exposed).map((port) => [port, null]));
  for (const port of published) {
    const key = `${port.port}/${port.protocol}`;
    map.set(key, [...(map.get(key) ?? []), bindingView(port)]);
  }
  return Object.fromEntries(map);
}

function bindingView({ hostAddress, hostPort }: PublishedPort): PortBindingView {
  return { HostIp: hostAddress, HostPort: String(hostPort), ReachableFrom: reachOf(hostAddress) };
}

/** Who can reach a port that is published on an address of the host; the firewalls of others may let in fewer. */
function reachOf(hostAddress: string): string {
  if (hostAddress === '::1' || hostAddress.startsWith('127.')) return 'this host alone';
  if (hostAddress === '0.0.0.0') return 'everyone who reaches this host over IPv4';
  if (hostAddress === '::') return 'everyone who reaches this host over IPv6';
  return `everyone who reaches ${hostAddress}`;
}

/** The ports of a running container, in the form of `GET /containers/json`. */
export function portList(
  exposed: Readonly<Record<string, unknown>>,
  published: readonly PublishedPort[],
): Record<string, unknown>[] {
  const taken = new Set(published.map(({ port, protocol }) => `${port}/${protocol}`));
  return [
    ...Object.keys(exposed)
      .filter((text) => !taken.has(text))
      .map((text) => {
        const [port = '0', protocol = 'tcp'] = text.split('/');
        return { PrivatePort: Number(port), Type: protocol };
      }),
    ...published.map(({ port, protocol, hostAddress, hostPort }) => ({
      IP: hostAddress,
      PrivatePort: port,
      PublicPort: hostPort,
      Type: protocol,
    })),
  ];
}
