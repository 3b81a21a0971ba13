import { bytesSize } from './units.ts';

/** The answer of `/info`, as far as it is known. */
export type EngineInfo = Readonly<Record<string, unknown>>;

type Commit = { readonly ID?: string; readonly Expected?: string } | undefined;
type Strings = readonly string[] | null | undefined;

/** What `info` says of the engine, line by line. */
export function engineLines(info: EngineInfo): string[] {
  const text = (key: string): string => String(info[key] ?? '');
  return [
    ` Containers: ${text('Containers')}`,
    `  Running: ${text('ContainersRunning')}`,
    `  Paused: ${text('ContainersPaused')}`,
    `  Stopped: ${text('ContainersStopped')}`,
    ` Images: ${text('Images')}`,
    ...given(' Server Version: ', info['ServerVersion']),
    ...given(' Storage Driver: ', info['Driver']),
    ...pairs(info['DriverStatus'] as readonly (readonly [string, string])[] | null).map(
      (line) => `  ${line}`,
    ),
    ...pairs(info['SystemStatus'] as readonly (readonly [string, string])[] | null).map((line) => ` ${line}`),
    ...given(' Logging Driver: ', info['LoggingDriver']),
    ...given(' Cgroup Driver: ', info['CgroupDriver']),
    ...given(' Cgroup Version: ', info['CgroupVersion']),
    ...plugins(info['Plugins'] as Plugins),
    ...list(' CDI spec directories:', info['CDISpecDirs'] as Strings),
    ` Swarm: ${(info['Swarm'] as { LocalNodeState?: string } | undefined)?.LocalNodeState ?? 'inactive'}`,
    ...runtimes(info),
    ...security(info['SecurityOptions'] as Strings),
    ...given(' Kernel Version: ', info['KernelVersion']),
    ...given(' Operating System: ', info['OperatingSystem']),
    ...given(' OSType: ', info['OSType']),
    ...given(' Architecture: ', info['Architecture']),
    ` CPUs: ${text('NCPU')}`,
    ` Total Memory: ${bytesSize(Number(info['MemTotal'] ?? 0))}`,
    ...given(' Name: ', info['Name']),
    ...given(' ID: ', info['ID']),
    ` Docker Root Dir: ${text('DockerRootDir')}`,
    ` Debug Mode: ${info['Debug'] === true}`,
    ...debugging(info),
    ...given(' HTTP Proxy: ', info['HttpProxy']),
    ...given(' HTTPS Proxy: ', info['HttpsProxy']),
    ...given(' No Proxy: ', info['NoProxy']),
    ...list(' Labels:', info['Labels'] as Strings),
    ` Experimental: ${info['ExperimentalBuild'] === true}`,
    ...registries(info['RegistryConfig'] as RegistryConfig),
    ` Live Restore Enabled: ${info['LiveRestoreEnabled'] === true}`,
    ...given(' Product License: ', info['ProductLicense']),
    ...pools(info['DefaultAddressPools'] as readonly { Base: string; Size: number }[] | null),
    ...firewall(info['FirewallBackend'] as { Driver?: string } | null),
  ];
}

function given(label: string, value: unknown): string[] {
  return value === undefined || value === null || value === '' ? [] : [label + String(value)];
}

function list(label: string, values: Strings): string[] {
  return values && values.length > 0 ? [label, ...values.map((value) => `  ${value}`)] : [];
}

function pairs(values: readonly (readonly [string, string])[] | null | undefined): string[] {
  return (values ?? []).map(([key, value]) => `${key}: ${value}`);
}

type Plugins = Readonly<Record<'Volume' | 'Network' | 'Authorization' | 'Log', Strings>> | undefined;

function plugins(kinds: Plugins): string[] {
  const line = (kind: 'Volume' | 'Network' | 'Authorization' | 'Log', always: boolean): string[] => {
    const names = kinds?.[kind] ?? [];
    return always || names.length > 0 ? [`  ${kind}: ${names.join(' ')}`] : [];
  };
  return [
    ' Plugins:',
    ...line('Volume', true),
    ...line('Network', true),
    ...line('Authorization', false),
    ...line('Log', true),
  ];
}

function runtimes(info: EngineInfo): string[] {
  const names = Object.keys((info['Runtimes'] as object | null) ?? {}).sort();
  const commit = (label: string, value: Commit): string[] => {
    const expected = value?.Expected && value.Expected !== value.ID ? ` (expected: ${value.Expected})` : '';
    return value ? [` ${label} version: ${value.ID ?? ''}${expected}`] : [];
  };
  return [
    ...(names.length > 0
      ? [` Runtimes: ${names.join(' ')}`, ` Default Runtime: ${String(info['DefaultRuntime'] ?? '')}`]
      : []),
    ...given(' Init Binary: ', info['InitBinary']),
    ...commit('containerd', info['ContainerdCommit'] as Commit),
    ...commit('runc', info['RuncCommit'] as Commit),
    ...commit('init', info['InitCommit'] as Commit),
  ];
}

/** `name=seccomp,profile=default` as a heading with its settings below. */
function security(options: Strings): string[] {
  if (!options || options.length === 0) return [];
  const lines = options.flatMap((option) => {
    const settings = option.split(',').map((part) => part.split('=', 2) as [string, string?]);
    const name = settings.find(([key]) => key === 'name')?.[1] ?? option;
    const profile = settings.find(([key]) => key === 'profile')?.[1];
    return [`  ${name}`, ...(profile === undefined ? [] : [`   Profile: ${profile}`])];
  });
  return [' Security Options:', ...lines];
}

function debugging(info: EngineInfo): string[] {
  if (info['Debug'] !== true) return [];
  return [
    `  File Descriptors: ${String(info['NFd'] ?? 0)}`,
    `  Goroutines: ${String(info['NGoroutines'] ?? 0)}`,
    `  System Time: ${String(info['SystemTime'] ?? '')}`,
    `  EventsListeners: ${String(info['NEventsListener'] ?? 0)}`,
  ];
}

type RegistryConfig =
  | {
      readonly InsecureRegistryCIDRs?: Strings;
      readonly IndexConfigs?: Readonly<Record<string, { readonly Secure?: boolean }>>;
      readonly Mirrors?: Strings;
    }
  | null
  | undefined;

function registries(config: RegistryConfig): string[] {
  if (!config) return [];
  const insecure = Object.entries(config.IndexConfigs ?? {})
    .filter(([, index]) => index.Secure === false)
    .map(([name]) => name);
  return [
    ...list(' Insecure Registries:', [...insecure, ...(config.InsecureRegistryCIDRs ?? [])]),
    ...list(' Registry Mirrors:', config.Mirrors),
  ];
}

function pools(values: readonly { Base: string; Size: number }[] | null | undefined): string[] {
  if (!values || values.length === 0) return [];
  return [' Default Address Pools:', ...values.map(({ Base, Size }) => `   Base: ${Base}, Size: ${Size}`)];
}

function firewall(backend: { Driver?: string } | null | undefined): string[] {
  return backend?.Driver ? [` Firewall Backend: ${backend.Driver}`] : [];
}
