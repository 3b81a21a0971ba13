import { readFileSync, writeFileSync } from 'node:fs';
import { Conflict, type EndpointSettings, Forbidden, InvalidArgument, NotFound } from '../../api/index.ts';
import type { EndpointWish, HostFiles, Naming, Sandbox } from '../networks/index.ts';
import type { Container } from './container.ts';
import { isUserDefined, PLAIN_ENDPOINT, refuseMixtures, refuseShared } from './network-config.ts';
import type { ContainerParts } from './parts.ts';
import { portWishes } from './ports.ts';
import { type ContainerRecord, isRunning } from './record.ts';

const SHORT_ID = 12;

/**
 * Makes the namespace of a container that is being started, and reserves its addresses; or lets it into the namespace of
 * the container that its mode names. Throws what `NetworkService.prepare` throws, and Conflict when that one does not run.
 */
export function prepareNetwork(parts: ContainerParts, { record, id }: Container): Sandbox {
  const { NetworkMode } = record.hostConfig;
  if (record.config.NetworkDisabled) return parts.networks.prepare(id, [wish('none')]);
  if (NetworkMode.startsWith('container:'))
    return parts.networks.share(id, networkOwner(parts, NetworkMode).id);
  return parts.networks.prepare(
    id,
    wishesOf(record),
    namingOf(record),
    portWishes(record.config, record.hostConfig),
  );
}

/** The running container whose namespace a mode of the form `container:<ID>` means. Throws NotFound, Conflict. */
export function networkOwner(parts: ContainerParts, mode: string): Container {
  const owner = parts.store.get(mode.slice('container:'.length));
  if (owner.state.status === 'restarting') {
    throw new Conflict(`container ${owner.name} is restarting, wait until the container is running`);
  }
  if (isRunning(owner.state)) return owner;
  throw new Conflict(`cannot join network of a non running container: ${owner.id}: start it first`);
}

/** Joins a container to a network, now if it runs and at each of its starts. Throws NotFound, InvalidArgument, Forbidden. */
export function connectNetwork(
  parts: ContainerParts,
  container: Container,
  reference: string,
  settings: EndpointSettings,
): Promise<void> {
  return container.lock.run(async () => {
    const { name } = parts.networks.find(reference);
    const { hostConfig, networkingConfig } = container.record;
    const joined = networkingConfig.EndpointsConfig;
    if (name === 'host') throw new InvalidArgument(HOST);
    refuseShared(hostConfig.NetworkMode);
    refuseMixtures([...Object.keys(joined).filter((it) => it !== name), name]);
    if (isRunning(container.state)) {
      if (Object.hasOwn(joined, name)) {
        throw new Forbidden(`endpoint with name ${container.name} already exists in network ${name}`);
      }
      const before = container.state.sandbox;
      const sandbox = parts.networks.join(
        container.id,
        { network: name, settings },
        portWishes(container.record.config, hostConfig),
      );
      parts.store.setState(container, { sandbox });
      addHostsLines(container, sandbox, name);
      if (before !== undefined) changeResolvConf(parts, container, before, sandbox);
    }
    setEndpoints(parts, container, { ...joined, [name]: settings });
  });
}

/** Takes a container out of a network. With `force` the network may be gone. Throws NotFound, InvalidArgument, Forbidden. */
export function disconnectNetwork(
  parts: ContainerParts,
  container: Container,
  reference: string,
  force: boolean,
): Promise<void> {
  return container.lock.run(async () => {
    const name = nameOf(parts, reference, force);
    const { [name]: left, ...rest } = container.record.networkingConfig.EndpointsConfig;
    if (left === undefined) {
      throw new Forbidden(`container ${container.id} is not connected to network ${name}`);
    }
    if (name === 'host' && isRunning(container.state)) throw new InvalidArgument(HOST);
    const present = container.state.sandbox;
    if (present?.endpoints.some(({ networkName }) => networkName === name)) {
      const sandbox = parts.networks.leave(container.id, name);
      parts.store.setState(container, { sandbox });
      removeHostsLines(container, present, name);
    }
    setEndpoints(parts, container, rest);
  });
}

const HOST = 'container cannot be disconnected from host network or connected to host network';

/**
 * The texts of the container's /etc/hosts, /etc/hostname and /etc/resolv.conf; `linked` are further `name:address`. Throws
 * InvalidArgument.
 */
export function hostTextsOf(
  parts: ContainerParts,
  { record }: Container,
  sandbox: Sandbox,
  linked: readonly string[] = [],
): HostFiles {
  const { config, hostConfig } = record;
  return parts.networks.hostFiles(sandbox, {
    hostname: config.Hostname,
    domainname: config.Domainname,
    extraHosts: [...hostConfig.ExtraHosts, ...linked],
    dns: hostConfig.Dns,
    dnsSearch: hostConfig.DnsSearch,
    dnsOptions: hostConfig.DnsOptions,
  });
}

/** What a container is called in its networks. */
export function namingOf(record: ContainerRecord): Naming {
  const { Dns: dns, DnsSearch: search, DnsOptions: options } = record.hostConfig;
  return { names: dnsNames(record, []), dns: { dns, search, options } };
}

/** The names by which a container is found in a network of the user's own. */
export function dnsNames(record: ContainerRecord, aliases: readonly string[]): string[] {
  const { id, name, config } = record;
  return [...new Set([name, ...aliases, id.slice(0, SHORT_ID), config.Hostname].filter(Boolean))];
}

/** The names that `inspect` shows for a container in a network; none in the engine's own networks. */
export function shownDnsNames(
  record: ContainerRecord,
  network: string,
  aliases: readonly string[],
): string[] | null {
  return isUserDefined(network) ? dnsNames(record, aliases) : null;
}

function wishesOf({ config, networkingConfig }: ContainerRecord): EndpointWish[] {
  return Object.entries(networkingConfig.EndpointsConfig).map(([network, settings], index) => {
    const wished = wish(network, settings ?? undefined);
    const { MacAddress } = wished.settings;
    // `--mac-address` of old means the first network.
    const mac = MacAddress || (index === 0 ? config.MacAddress : '');
    return { network, settings: { ...wished.settings, MacAddress: mac } };
  });
}

function wish(network: string, settings: EndpointSettings = PLAIN_ENDPOINT): EndpointWish {
  return { network, settings };
}

function nameOf(parts: ContainerParts, reference: string, force: boolean): string {
  try {
    return parts.networks.find(reference).name;
  } catch (error) {
    if (force && error instanceof NotFound) return reference;
    throw error;
  }
}

function setEndpoints(
  parts: ContainerParts,
  container: Container,
  EndpointsConfig: ContainerRecord['networkingConfig']['EndpointsConfig'],
): void {
  parts.store.setRecord(container, { ...container.record, networkingConfig: { EndpointsConfig } });
}

/** The container's own name, with its address in the network that it has joined. The rest of the file may be the user's. */
function addHostsLines({ files, record }: Container, sandbox: Sandbox, network: string): void {
  const lines = addressesIn(sandbox, network).map((address) => `${address}\t${record.config.Hostname}\n`);
  writeFileSync(files.hosts, readFileSync(files.hosts, 'utf8') + lines.join(''));
}

/** A container that comes into the first network with names asks the engine for them, unless it has a file of its own. */
function changeResolvConf(parts: ContainerParts, container: Container, before: Sandbox, now: Sandbox): void {
  const { resolvConf } = container.files;
  const written = hostTextsOf(parts, container, before).resolvConf;
  const wanted = hostTextsOf(parts, container, now).resolvConf;
  if (written !== wanted && readFileSync(resolvConf, 'utf8') === written) writeFileSync(resolvConf, wanted);
}

function removeHostsLines({ files }: Container, sandbox: Sandbox, network: string): void {
  const gone = addressesIn(sandbox, network);
  const lines = readFileSync(files.hosts, 'utf8').split('\n');
  // Written in place: the container has this very file mounted.
  writeFileSync(files.hosts, lines.filter((line) => !gone.includes(line.split(/\s/)[0] ?? '')).join('\n'));
}

function addressesIn({ endpoints }: Sandbox, network: string): string[] {
  return endpoints
    .filter(({ networkName }) => networkName === network)
    .flatMap(({ ipAddress, ipv6Address }) => [ipAddress, ipv6Address])
    .filter((address) => address !== '');
}
