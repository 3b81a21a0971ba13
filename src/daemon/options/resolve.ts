import { join, resolve } from 'node:path';
import { InvalidArgument, messageOf } from '../../api/index.ts';
import {
  CONFIG_DEFAULTS,
  DEFAULT_EXEC_ROOT,
  type EngineConfig,
  validateLogConfig,
} from '../../engine/index.ts';
import { type ListenAddress, parseHost } from '../listen/host.ts';
import type { TlsFiles } from '../listen/tls.ts';
import type { SettingName, Settings } from './table.ts';

/** The parts of the engine's configuration that were given. */
export type EngineParts = Partial<Omit<EngineConfig, 'identity'>>;

/** Everything that the daemon needs to know to start. */
export interface DaemonConfig {
  readonly engine: EngineParts;
  readonly hosts: readonly ListenAddress[];
  /** Group of the unix sockets, a name or number; undefined for the default. */
  readonly group: string | undefined;
  /** For tcp listeners; undefined without TLS. */
  readonly tls: TlsFiles | undefined;
  readonly pidfile: string;
}

/** Settings that are the engine's own, under the same names there. */
const ENGINE_SETTINGS = [
  'bip',
  'bridge',
  'cgroupParent',
  'dataRoot',
  'debug',
  'defaultAddressPools',
  'defaultCgroupnsMode',
  'defaultGateway',
  'defaultIpcMode',
  'defaultRuntime',
  'defaultShmSize',
  'defaultUlimits',
  'dns',
  'dnsOpts',
  'dnsSearch',
  'execRoot',
  'experimental',
  'features',
  'fixedCidr',
  'cdiSpecDirs',
  'hostGatewayIps',
  'icc',
  'init',
  'initPath',
  'insecureRegistries',
  'ip',
  'ipForward',
  'ipMasq',
  'iptables',
  'labels',
  'logDriver',
  'logFormat',
  'logLevel',
  'logOpts',
  'maxConcurrentDownloads',
  'maxConcurrentUploads',
  'maxDownloadAttempts',
  'mtu',
  'noNewPrivileges',
  'registry',
  'registryMirrors',
  'seccompProfile',
  'shutdownTimeout',
] as const satisfies readonly (SettingName & keyof EngineConfig)[];

/** The settings that a running engine takes over when it is told to reload. */
export const RELOADABLE = [
  'debug',
  'defaultRuntime',
  'defaultUlimits',
  'dns',
  'dnsOpts',
  'dnsSearch',
  'features',
  'insecureRegistries',
  'labels',
  'logLevel',
  'maxConcurrentDownloads',
  'maxConcurrentUploads',
  'maxDownloadAttempts',
  'registryMirrors',
  'runtimes',
  'shutdownTimeout',
] as const satisfies readonly (keyof EngineConfig)[];

/** Works out what the settings mean together. Changes nothing on the machine. Throws InvalidArgument. */
export function resolveSettings(settings: Settings): DaemonConfig {
  const given = ENGINE_SETTINGS.filter((name) => settings[name] !== undefined).map((name) => [
    name,
    settings[name],
  ]);
  const engine: EngineParts = {
    ...(Object.fromEntries(given) as EngineParts),
    runtimes: { ...CONFIG_DEFAULTS.runtimes, ...settings.runtimes },
    ...(settings.cgroupParent === undefined ? {} : { cgroupParent: join('/', settings.cgroupParent) }),
    ...(settings.debug ? { logLevel: 'debug' } : {}),
  };
  checkEngine(engine);

  const execRoot = resolve(settings.execRoot ?? DEFAULT_EXEC_ROOT);
  const verify = settings.tlsVerify ?? false;
  const tls = verify || (settings.tls ?? settings.tlsVerify !== undefined);
  const hosts = settings.hosts?.length ? settings.hosts : [`unix://${join(execRoot, 'berth.sock')}`];
  return {
    engine,
    hosts: hosts.map((host) => parseHost(host, tls)),
    group: settings.group,
    tls: tls ? { verify, ca: settings.tlsCa, cert: settings.tlsCert, key: settings.tlsKey } : undefined,
    pidfile: resolve(settings.pidfile ?? join(execRoot, 'berth.pid')),
  };
}

function checkEngine(engine: EngineParts): void {
  const { defaultRuntime, runtimes = {}, labels = [], registryMirrors = [], bridge, logDriver } = engine;
  if (defaultRuntime !== undefined && !Object.hasOwn(runtimes, defaultRuntime)) {
    throw new InvalidArgument(
      `specified default runtime '${defaultRuntime}' does not exist: add it with --add-runtime`,
    );
  }
  for (const label of labels) {
    if (label.indexOf('=') < 1)
      throw new InvalidArgument(`bad attribute format: ${label}: key=value is expected`);
  }
  for (const mirror of registryMirrors) {
    if (!/^https?:$/.test(URL.parse(mirror)?.protocol ?? '')) {
      throw new InvalidArgument(`invalid mirror: "${mirror}" is not an http or https URL`);
    }
  }
  if (bridge !== undefined && !/^[^\s/:]{1,15}$/.test(bridge)) {
    throw new InvalidArgument(`invalid bridge name "${bridge}": an interface name has 1 to 15 characters`);
  }
  if (logDriver === '') throw new InvalidArgument('the log driver must have a name');
  checkLogging(logDriver ?? CONFIG_DEFAULTS.logDriver, engine.logOpts ?? {});
}

function checkLogging(driver: string, options: Readonly<Record<string, string>>): void {
  try {
    validateLogConfig({ Type: driver, Config: options });
  } catch (error) {
    throw new InvalidArgument(`failed to set log opts: ${messageOf(error)}`);
  }
}
