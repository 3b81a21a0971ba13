import type { PortSummary } from '../client/index.ts';

/** Ports for people: `0.0.0.0:8080->80/tcp, 443/tcp`, neighbours with the same number on both sides as one range. */
export function displayPorts(ports: readonly PortSummary[]): string {
  const groups = new Map<string, { first: number; last: number }>();
  const ranges: string[] = [];
  const mappings: string[] = [];
  for (const port of [...ports].sort(comparePorts)) {
    if (port.IP && port.PublicPort !== port.PrivatePort) {
      mappings.push(
        `${joinHostPort(port.IP, String(port.PublicPort ?? 0))}->${port.PrivatePort}/${port.Type}`,
      );
      continue;
    }
    const key = port.IP ? `${port.IP}/${port.Type}` : port.Type;
    const group = groups.get(key);
    if (group && port.PrivatePort === group.last + 1) {
      group.last = port.PrivatePort;
      continue;
    }
    if (group) ranges.push(displayRange(key, group));
    groups.set(key, { first: port.PrivatePort, last: port.PrivatePort });
  }
  for (const [key, group] of groups) ranges.push(displayRange(key, group));
  return [...ranges, ...mappings].join(', ');
}

function displayRange(key: string, { first, last }: { first: number; last: number }): string {
  const [ip, type] = key.includes('/') ? key.split('/') : [undefined, key];
  const range = first === last ? `${first}` : `${first}-${last}`;
  return `${ip === undefined ? range : `${joinHostPort(ip, range)}->${range}`}/${type}`;
}

function comparePorts(a: PortSummary, b: PortSummary): number {
  return (
    a.PrivatePort - b.PrivatePort ||
    compareText(a.IP ?? '', b.IP ?? '') ||
    (a.PublicPort ?? 0) - (b.PublicPort ?? 0) ||
    compareText(a.Type, b.Type)
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** `host:port`, with brackets around an IPv6 address. */
export function joinHostPort(host: string, port: string): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
