import { hostsFile, resolvConfFile } from '../../network/index.ts';
import type { EngineConfig } from '../config.ts';
import { effectiveDns, hostResolvConf, readOptional } from './dns.ts';
import type { Sandbox } from './sandbox.ts';

/** What the container says about its names; empty lists leave the engine's or the host's. */
export interface HostFilesRequest {
  readonly hostname: string;
  readonly domainname?: string | undefined;
  readonly extraHosts: readonly string[];
  readonly dns: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly dnsOptions: readonly string[];
}

/** The texts of three files that a container has in /etc. */
export interface HostFiles {
  readonly hosts: string;
  readonly hostname: string;
  readonly resolvConf: string;
}

export interface HostFilesOptions {
  /** What `host-gateway` stands for unless the configuration says otherwise. */
  readonly gateway: string | undefined;
  /** Whether the container has a name server of the engine's. */
  readonly named: boolean;
}

/** Throws InvalidArgument for an extra host that is malformed. */
export function hostFiles(
  config: EngineConfig,
  sandbox: Sandbox,
  request: HostFilesRequest,
  { gateway, named }: HostFilesOptions,
): HostFiles {
  const isolated = sandbox.netnsPath !== undefined;
  const own = sandbox.endpoints.flatMap(({ ipAddress, ipv6Address }) => [ipAddress, ipv6Address]);
  const ipv6 = sandbox.endpoints.some(({ ipv6Address }) => ipv6Address !== '');
  const derived = gateway === undefined ? [] : [gateway];
  const { dns, dnsSearch: search, dnsOptions: options } = request;
  return {
    hostname: `${request.hostname}\n`,
    hosts: hostsFile({
      hostname: request.hostname,
      domainname: request.domainname,
      addresses: own,
      extraHosts: request.extraHosts,
      hostGateways: config.hostGatewayIps.length > 0 ? config.hostGatewayIps : derived,
      hostFile: isolated ? undefined : readOptional('/etc/hosts'),
    }),
    resolvConf: resolvConfFile(
      hostResolvConf(isolated),
      effectiveDns(config, { dns, search, options }),
      // A container without a network needs no stand-in for servers that it cannot reach anyway.
      { isolated: isolated && own.some(Boolean), ipv6, named },
    ),
  };
}
