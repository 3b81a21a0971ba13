import { Conflict, type HostConfig, InvalidArgument, NotFound } from '../../api/index.ts';
import type { Container } from './container.ts';
import type { ContainerParts } from './parts.ts';
import { type ContainerRecord, isRunning } from './record.ts';

/** What a container of the default bridge knows of another one that it is linked to. */
interface Link {
  readonly target: Container;
  readonly alias: string;
}

/** The links of the default bridge, where there are no other names. Of networks of the user's own, aliases do it. */
function linksOf(parts: ContainerParts, { hostConfig }: Pick<ContainerRecord, 'hostConfig'>): Link[] {
  if (hostConfig.NetworkMode !== 'bridge') return [];
  return hostConfig.Links.map((text) => {
    const { target, alias } = parseLink(text);
    return { target: parts.store.get(target), alias };
  });
}

/** Reads `name:alias`, or a name alone. Throws InvalidArgument. */
function parseLink(text: string): { target: string; alias: string } {
  const [target = '', given, ...rest] = text.split(':');
  // What was inspected is made again: `/web:/me/alias`.
  const alias = (given ?? target).replace(/^.*\//, '');
  if (target === '' || alias === '' || rest.length > 0) {
    throw new InvalidArgument(`bad format for links: ${text}`);
  }
  return { target, alias };
}

/** Throws NotFound or InvalidArgument for links that cannot be. */
export function checkLinks(parts: ContainerParts, hostConfig: HostConfig): void {
  try {
    linksOf(parts, { hostConfig });
  } catch (error) {
    if (!(error instanceof NotFound)) throw error;
    throw new InvalidArgument(`could not get container for a link: ${error.message}`);
  }
}

/** `name:address` for /etc/hosts. Throws Conflict when a container that is linked to does not run. */
export function linkedHosts(parts: ContainerParts, record: ContainerRecord): string[] {
  return linksOf(parts, record).flatMap(({ target, alias }) => {
    const address = addressOf(target, record, alias);
    const names = new Set([alias, target.record.config.Hostname, target.name]);
    return [...names].map((name) => `${name}:${address}`);
  });
}

/** The variables that tell of the containers that are linked to, and of their ports. */
export function linkedEnv(parts: ContainerParts, record: ContainerRecord): string[] {
  return linksOf(parts, record).flatMap(({ target, alias }) => {
    const prefix = alias.toUpperCase().replaceAll('-', '_');
    const address = addressOf(target, record, alias);
    const ports = Object.keys(target.record.config.ExposedPorts)
      .map((text) => text.split('/'))
      .map(([port = '', protocol = 'tcp']) => ({ port, protocol }))
      .sort((a, b) => Number(a.port) - Number(b.port));
    const first = ports[0];
    return [
      ...(first === undefined ? [] : [`${prefix}_PORT=${first.protocol}://${address}:${first.port}`]),
      ...ports.flatMap(({ port, protocol }) => {
        const name = `${prefix}_PORT_${port}_${protocol.toUpperCase()}`;
        return [
          `${name}=${protocol}://${address}:${port}`,
          `${name}_ADDR=${address}`,
          `${name}_PORT=${port}`,
          `${name}_PROTO=${protocol}`,
        ];
      }),
      `${prefix}_NAME=/${record.name}/${alias}`,
      ...target.record.config.Env.filter((entry) => !/^(HOME|PATH)=/.test(entry)).map(
        (entry) => `${prefix}_ENV_${entry}`,
      ),
    ];
  });
}

/** The links as `inspect` shows them: `/web:/me/alias`. */
export function shownLinks({ name, hostConfig }: ContainerRecord): string[] {
  return hostConfig.Links.map((text) => {
    const { target, alias } = parseLink(text);
    return `/${target.replace(/^\//, '')}:/${name}/${alias}`;
  });
}

function addressOf(target: Container, { name }: ContainerRecord, alias: string): string {
  const endpoint = target.state.sandbox?.endpoints.find(({ networkName }) => networkName === 'bridge');
  if (isRunning(target.state) && endpoint !== undefined) return endpoint.ipAddress;
  throw new Conflict(
    `Cannot link to a non running container: /${target.name} AS /${name}/${alias}: start it first, on the default bridge`,
  );
}
