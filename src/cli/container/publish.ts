import { isIP } from 'node:net';
import type { PortBinding } from '../../client/index.ts';
import { CliError } from '../errors.ts';

export interface Ports {
  readonly exposed: Record<string, object>;
  readonly bindings: Record<string, PortBinding[]>;
}

const PROTOCOLS = ['tcp', 'udp', 'sctp'];

/** Reads `--publish` and `--expose`. Throws CliError. */
export function buildPorts(publish: readonly string[], expose: readonly string[]): Ports {
  const exposed: Record<string, object> = {};
  const bindings: Record<string, PortBinding[]> = {};
  for (const spec of publish) {
    for (const { port, binding } of spec.includes('=') ? parseLongPublish(spec) : parsePublish(spec)) {
      exposed[port] = {};
      bindings[port] = [...(bindings[port] ?? []), binding];
    }
  }
  for (const spec of expose) {
    for (const port of parseExpose(spec)) exposed[port] = {};
  }
  return { exposed, bindings };
}

interface Published {
  readonly port: string;
  readonly binding: PortBinding;
}

/** `[[ip:][hostPort[-end]]:]containerPort[-end][/protocol]` */
export function parsePublish(spec: string): Published[] {
  const { ip, host, container, protocol } = splitPublish(spec);
  if (ip !== '' && isIP(ip) === 0) throw new CliError(`invalid IP address: ${ip}`, 125);
  if (container === '') throw new CliError(`no port specified: ${spec}<empty>`, 125);
  const inside = parseRange(container, 'containerPort', container);
  const outside = host === '' ? undefined : parseRange(host, 'hostPort', host);
  // Several host ports for one container port: the engine takes the first that is free.
  const choice = outside !== undefined && inside.first === inside.last && outside.last > outside.first;
  if (outside && !choice && outside.last - outside.first !== inside.last - inside.first) {
    throw new CliError(
      `invalid ranges specified for container and host Ports: ${container} and ${host}`,
      125,
    );
  }
  if (!PROTOCOLS.includes(protocol.toLowerCase())) throw new CliError(`invalid proto: ${protocol}`, 125);
  const published: Published[] = [];
  for (let port = inside.first; port <= inside.last; port++) {
    const hostPort =
      outside === undefined
        ? ''
        : choice
          ? `${outside.first}-${outside.last}`
          : `${outside.first + port - inside.first}`;
    published.push({
      port: `${port}/${protocol.toLowerCase()}`,
      binding: { HostIp: ip, HostPort: hostPort },
    });
  }
  return published;
}

function splitPublish(spec: string): { ip: string; host: string; container: string; protocol: string } {
  const [ports = '', protocol = 'tcp'] = spec.split('/');
  const parts = ports.split(':');
  const container = parts.pop() ?? '';
  const host = parts.pop() ?? '';
  const ip = parts.join(':').replace(/^\[(.*)\]$/, '$1');
  return { ip, host, container, protocol };
}

function parseRange(text: string, name: string, shown: string): { first: number; last: number } {
  const match = /^(\d+)(?:-(\d+))?$/.exec(text);
  const first = Number(match?.[1] ?? Number.NaN);
  const last = Number(match?.[2] ?? first);
  if (!match || first > 65535 || last > 65535) throw new CliError(`invalid ${name}: ${shown}`, 125);
  if (last < first) throw new CliError(`invalid ${name}: ${shown}`, 125);
  return { first, last };
}

/** `target=80,published=8080,protocol=tcp`, the form of services; what else stands there means nothing here. */
function parseLongPublish(spec: string): Published[] {
  const fields = new Map<string, string>();
  for (const field of spec.split(',')) {
    const equals = field.indexOf('=');
    if (equals < 1) {
      throw new CliError(`invalid publish opts format (should be name=value but got '${field}')`, 125);
    }
    fields.set(field.slice(0, equals), field.slice(equals + 1));
  }
  return parsePublish(
    `${fields.get('published') ?? ''}:${fields.get('target') ?? ''}/${fields.get('protocol') || 'tcp'}`,
  );
}

/** `port[-end][/protocol]` */
function parseExpose(spec: string): string[] {
  if (spec.includes(':')) throw new CliError(`invalid port format for --expose: ${spec}`, 125);
  const [ports = '', protocol = 'tcp'] = spec.split('/');
  const [first, last] = exposeRange(ports, spec);
  return Array.from({ length: last - first + 1 }, (_, index) => `${first + index}/${protocol.toLowerCase()}`);
}

function exposeRange(text: string, spec: string): [number, number] {
  const fail = (reason: string): CliError =>
    new CliError(`invalid range format for --expose: ${spec}, error: ${reason}`, 125);
  const ends = text.split('-', 2).map((part) => {
    if (!/^\d+$/.test(part)) throw fail(`strconv.ParseUint: parsing ${JSON.stringify(part)}: invalid syntax`);
    if (Number(part) > 65535)
      throw fail(`strconv.ParseUint: parsing ${JSON.stringify(part)}: value out of range`);
    return Number(part);
  });
  const [first = 0, last = first] = ends;
  if (last < first) throw fail(`invalid range specified for port: ${text}`);
  return [first, last];
}
