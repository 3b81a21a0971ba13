import type { Kind } from './kinds.ts';
import * as kinds from './kinds.ts';

/** One option of the engine: a flag, a key of `daemon.json`, or both. */
export interface Option<T = unknown> {
  readonly flag: string | undefined;
  readonly short?: string;
  /** Key in `daemon.json`; undefined when it can be given as a flag only. */
  readonly key: string | undefined;
  readonly kind: Kind<T>;
  readonly help: string;
}

interface Names {
  readonly short?: string;
  /** When it differs from the flag; null when there is none. */
  readonly key?: string | null;
}

function option<T>(flag: string, kind: Kind<T>, help: string, names: Names = {}): Option<T> {
  const { short, key = flag } = names;
  return { flag, ...(short ? { short } : {}), key: key ?? undefined, kind, help };
}

/** The options that do something. */
export const OPTIONS = {
  runtimes: option('add-runtime', kinds.runtimes, 'Register an additional OCI compatible runtime', {
    key: 'runtimes',
  }),
  bip: option('bip', kinds.cidr, 'Address and subnet of the default bridge (CIDR)'),
  bridge: option(
    'bridge',
    kinds.string,
    'Interface of the default bridge, made if it is missing; none for no bridge',
    {
      short: 'b',
    },
  ),
  cdiSpecDirs: option('cdi-spec-dir', kinds.list, 'Folders of device descriptions (CDI)', {
    key: 'cdi-spec-dirs',
  }),
  cgroupParent: option('cgroup-parent', kinds.string, 'Parent cgroup of all containers'),
  configFile: option('config-file', kinds.string, 'Configuration file (default "/etc/berth/daemon.json")', {
    key: null,
  }),
  dataRoot: option(
    'data-root',
    kinds.string,
    'Folder of what lasts: images, containers, records (default "/var/lib/berth")',
  ),
  debug: option('debug', kinds.boolean, 'Enable debug mode', { short: 'D' }),
  defaultAddressPools: option(
    'default-address-pool',
    kinds.pools,
    'Address pools for networks without a subnet',
    {
      key: 'default-address-pools',
    },
  ),
  defaultCgroupnsMode: option(
    'default-cgroupns-mode',
    kinds.oneOf('private', 'host'),
    'Cgroup namespace of containers: private or host',
  ),
  defaultGateway: option('default-gateway', kinds.address, 'Gateway of containers on the default bridge'),
  defaultIpcMode: option(
    'default-ipc-mode',
    kinds.oneOf('private', 'shareable'),
    'IPC namespace of containers: private or shareable',
  ),
  defaultRuntime: option('default-runtime', kinds.string, 'OCI runtime of containers (default "crun")'),
  defaultShmSize: option('default-shm-size', kinds.bytes, 'Size of /dev/shm in containers (default 64MiB)'),
  defaultUlimits: option('default-ulimit', kinds.ulimits, 'Limits of containers', { key: 'default-ulimits' }),
  dns: option('dns', kinds.addresses, 'DNS server of containers'),
  dnsOpts: option('dns-opt', kinds.list, 'DNS option of containers', { key: 'dns-opts' }),
  dnsSearch: option('dns-search', kinds.list, 'DNS search domain of containers'),
  execRoot: option('exec-root', kinds.string, 'Folder of run-time state (default "/run/berth")'),
  experimental: option('experimental', kinds.boolean, 'Enable experimental features'),
  features: option('feature', kinds.switches, 'Enable or disable a feature', { key: 'features' }),
  fixedCidr: option('fixed-cidr', kinds.cidr, "Part of the default bridge's subnet to take addresses from"),
  group: option('group', kinds.string, 'Group of the unix sockets (default "docker" where it exists)', {
    short: 'G',
  }),
  help: option('help', kinds.boolean, 'Print usage', { short: 'h', key: null }),
  hosts: option(
    'host',
    kinds.list,
    'Socket to listen on: unix://, tcp:// or fd:// (default "unix://EXEC-ROOT/berth.sock")',
    {
      short: 'H',
      key: 'hosts',
    },
  ),
  hostGatewayIps: option(
    'host-gateway-ip',
    kinds.addresses,
    'Address that host-gateway in --add-host stands for',
    {
      key: 'host-gateway-ips',
    },
  ),
  httpProxy: option('http-proxy', kinds.string, "Proxy for the engine's HTTP requests", { key: null }),
  httpsProxy: option('https-proxy', kinds.string, "Proxy for the engine's HTTPS requests", { key: null }),
  noProxy: option('no-proxy', kinds.string, 'Hosts that are reached without a proxy', { key: null }),
  icc: option('icc', kinds.boolean, 'Let containers on the default bridge talk to each other (default true)'),
  init: option(
    'init',
    kinds.boolean,
    'Run an init in containers, which forwards signals and reaps processes',
  ),
  initPath: option('init-path', kinds.string, 'The init program (default "/usr/bin/catatonit")'),
  insecureRegistries: option(
    'insecure-registry',
    kinds.list,
    'Registry or network of registries that may lack TLS',
    {
      key: 'insecure-registries',
    },
  ),
  ip: option('ip', kinds.address, 'Host address of published ports that name none (default 0.0.0.0)'),
  ipForward: option('ip-forward', kinds.boolean, 'Enable IP forwarding in the kernel (default true)'),
  ipMasq: option(
    'ip-masq',
    kinds.boolean,
    'Translate the addresses of containers on the way out (default true)',
  ),
  iptables: option('iptables', kinds.boolean, 'Manage packet filter rules (default true)'),
  labels: option('label', kinds.list, 'Label of this engine', { key: 'labels' }),
  logDriver: option('log-driver', kinds.string, 'Driver of container logs (default "json-file")'),
  logFormat: option('log-format', kinds.logFormat, "Format of the engine's own log: text or json"),
  logLevel: option(
    'log-level',
    kinds.logLevel,
    'How much the engine logs: debug, info, warn, error or fatal',
    { short: 'l' },
  ),
  logOpts: option('log-opt', kinds.map, 'Default options of the log driver', { key: 'log-opts' }),
  maxConcurrentDownloads: option(
    'max-concurrent-downloads',
    kinds.integer,
    'Layers downloaded at a time (default 3)',
  ),
  maxConcurrentUploads: option(
    'max-concurrent-uploads',
    kinds.integer,
    'Layers uploaded at a time (default 5)',
  ),
  maxDownloadAttempts: option(
    'max-download-attempts',
    kinds.integer,
    'Attempts at each download (default 5)',
  ),
  mtu: option('mtu', kinds.integer, 'MTU of container networks (default 1500)'),
  noNewPrivileges: option('no-new-privileges', kinds.boolean, 'Set no-new-privileges in containers'),
  pidfile: option(
    'pidfile',
    kinds.string,
    'File with the pid of the engine (default "EXEC-ROOT/berth.pid")',
    { short: 'p' },
  ),
  registry: option('registry', kinds.registry, 'Serve a registry on this address; the file says more of it'),
  registryMirrors: option('registry-mirror', kinds.list, "Mirror of Docker's registry", {
    key: 'registry-mirrors',
  }),
  seccompProfile: option(
    'seccomp-profile',
    kinds.string,
    'Default seccomp profile of containers: a path or "unconfined"',
  ),
  shutdownTimeout: option(
    'shutdown-timeout',
    kinds.integer,
    'Seconds that requests get to end at shutdown (default 15)',
  ),
  tls: option('tls', kinds.boolean, 'Use TLS; implied by --tlsverify'),
  tlsCa: option('tlscacert', kinds.string, 'Authority of client certificates (default "~/.docker/ca.pem")'),
  tlsCert: option('tlscert', kinds.string, 'Certificate of the engine (default "~/.docker/cert.pem")'),
  tlsKey: option('tlskey', kinds.string, 'Key of the certificate (default "~/.docker/key.pem")'),
  tlsVerify: option(
    'tlsverify',
    kinds.boolean,
    'Use TLS and let in only clients with a certificate of the authority',
  ),
  validate: option('validate', kinds.boolean, 'Check the configuration and exit', { key: null }),
  version: option('version', kinds.boolean, 'Print the version and exit', { short: 'v', key: null }),
} as const;

/** What was given, in flags or in the file: only what was. */
export type Settings = {
  readonly [Name in keyof typeof OPTIONS]?: ReturnType<(typeof OPTIONS)[Name]['kind']['fromJson']>;
};
export type SettingName = keyof typeof OPTIONS;
