import { readFileSync } from 'node:fs';
import { hostsFile, isResolvedStub, parseResolvConf, resolvConfFile } from '../../network/index.ts';
import type { EngineConfig } from '../config.ts';
import type { Sandbox } from './sandbox.ts';

const RESOLVED_FILE = '/run/systemd/resolve/resolv.conf';

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

/** Throws InvalidArgument for an extra host that is malformed. `gateway` is what `host-gateway` stands for by default. */
export function hostFiles(
  config: EngineConfig,
  sandbox: Sandbox,
  request: HostFilesRequest,
  gateway: string | undefined,
): HostFiles {
  const isolated = sandbox.netnsPath !== undefined;
  const own = sandbox.endpoints.flatMap(({ ipAddress, ipv6Address }) => [ipAddress, ipv6Address]);
  const ipv6 = sandbox.endpoints.some(({ ipv6Address }) => ipv6Address !== '');
  const derived = gateway === undefined ? [] : [gateway];
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
      {
        dns: firstGiven(request.dns, config.dns),
        search: firstGiven(request.dnsSearch, config.dnsSearch),
        options: firstGiven(request.dnsOptions, config.dnsOpts),
      },
      // A container without a network needs no stand-in for servers that it cannot reach anyway.
      { isolated: isolated && own.some(Boolean), ipv6 },
    ),
  };
}

function hostResolvConf(isolated: boolean) {
  const conf = parseResolvConf(readOptional('/etc/resolv.conf') ?? '');
  const real = isolated && isResolvedStub(conf) ? readOptional(RESOLVED_FILE) : undefined;
  return real === undefined ? conf : parseResolvConf(real);
}

function firstGiven(own: readonly string[], engines: readonly string[]): readonly string[] {
  return own.length > 0 ? own : engines;
}

function readOptional(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
