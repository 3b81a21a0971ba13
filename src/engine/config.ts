import type { RegistrySettings } from '../registry/index.ts';
import type { LogFormat, LogLevel } from './log.ts';

/** A range of addresses from which networks without a subnet of their own get one of `size` bits. */
export interface AddressPool {
  /** CIDR, such as `172.17.0.0/12`. */
  readonly base: string;
  /** Prefix length of the subnets cut from it. */
  readonly size: number;
}

/** A limit of setrlimit(2) as `--ulimit` names it: `nofile`, `nproc` ... -1 is without limit. */
export interface UlimitDefault {
  readonly Name: string;
  readonly Soft: number;
  readonly Hard: number;
}

/** An OCI runtime that containers may name. */
export interface RuntimeConfig {
  /** The program: an absolute path, or a name to be found in PATH. */
  readonly path: string;
  /** Arguments before the runtime's own verbs. */
  readonly args: readonly string[];
}

/** Names that keep two engines on one machine apart. They follow from the folders, so they last as long as those. */
export interface EngineIdentity {
  /** UUID, kept in `<data-root>/engine-id`; what `info` calls ID. */
  readonly id: string;
  /**
   * Eight hexadecimal digits that stand for the exec root: the suffix of nft tables, interfaces and whatever else has one
   * name for the whole machine. Empty for the default exec root, so that the usual engine has plain names.
   */
  readonly suffix: string;
}

/**
 * Everything that an engine can be told, resolved: absolute paths, defaults filled in. `daemon/` makes it from flags and
 * `daemon.json`; tests make it with `resolveConfig`. Fields marked (reload) change in place when the engine is told to
 * reload, so read them when they are needed and do not copy them.
 */
export interface EngineConfig {
  /** Images, containers and records; lasts. */
  readonly dataRoot: string;
  /** Sockets, pids and other run-time state; may be gone after a reboot. */
  readonly execRoot: string;
  readonly identity: EngineIdentity;

  /** The default bridge's interface, or `none` for no default bridge. */
  readonly bridge: string;
  /** The default bridge's own address and subnet as CIDR (`172.17.0.1/16`); undefined: the first free default pool. */
  readonly bip: string | undefined;
  /** The part of the bridge's subnet from which containers get their addresses, as CIDR. */
  readonly fixedCidr: string | undefined;
  /** Gateway of containers on the default bridge when it is not the bridge itself. */
  readonly defaultGateway: string | undefined;
  readonly defaultAddressPools: readonly AddressPool[];
  /** Of the default bridge and of networks that do not set it. 0: the kernel's choice. */
  readonly mtu: number;
  /** The host address on which ports are published that name none. */
  readonly ip: string;
  readonly iptables: boolean;
  readonly ipMasq: boolean;
  readonly ipForward: boolean;
  /** Whether containers on the default bridge may talk to each other. */
  readonly icc: boolean;

  /** Parent cgroup of containers that name none, as a path from the root of the hierarchy (`/berth`). */
  readonly cgroupParent: string;
  readonly defaultCgroupnsMode: 'private' | 'host';
  readonly defaultIpcMode: 'private' | 'shareable';
  /** Bytes of /dev/shm for containers that name none. */
  readonly defaultShmSize: number;
  /** (reload) By name. */
  readonly defaultUlimits: Readonly<Record<string, UlimitDefault>>;
  /** (reload) */
  readonly defaultRuntime: string;
  /** (reload) By name; always has `crun`, and `runc` for clients that name it. */
  readonly runtimes: Readonly<Record<string, RuntimeConfig>>;
  /** Whether containers that do not say get an init process. */
  readonly init: boolean;
  /** The init program, absolute. */
  readonly initPath: string;
  /** Path of the default seccomp profile; `unconfined` for none; undefined for the system's. */
  readonly seccompProfile: string | undefined;
  readonly noNewPrivileges: boolean;
  readonly logDriver: string;
  readonly logOpts: Readonly<Record<string, string>>;

  /** (reload) */
  readonly dns: readonly string[];
  /** (reload) */
  readonly dnsOpts: readonly string[];
  /** (reload) */
  readonly dnsSearch: readonly string[];
  readonly hostGatewayIps: readonly string[];
  /** Folders of files that describe devices by the Container Device Interface; later ones win. */
  readonly cdiSpecDirs: readonly string[];

  /** (reload) `key=value`, or `key`. */
  readonly labels: readonly string[];
  /** (reload) */
  readonly insecureRegistries: readonly string[];
  /** (reload) URLs. */
  readonly registryMirrors: readonly string[];
  /** (reload) */
  readonly maxConcurrentDownloads: number;
  /** (reload) */
  readonly maxConcurrentUploads: number;
  /** (reload) */
  readonly maxDownloadAttempts: number;

  /** The registry that the engine serves, below `<data-root>/registry` unless it says otherwise; none when undefined. */
  readonly registry: RegistrySettings | undefined;

  /** (reload) */
  readonly debug: boolean;
  /** (reload) */
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  readonly experimental: boolean;
  readonly features: Readonly<Record<string, boolean>>;
  /** Seconds that containers get to stop when the engine must stop them. */
  readonly shutdownTimeout: number;
}

/** Where the default engine keeps its things. */
export const DEFAULT_DATA_ROOT = '/var/lib/berth';
export const DEFAULT_EXEC_ROOT = '/run/berth';

/** The values of an engine that is told nothing. Paths and identity come from `resolveConfig`. */
export const CONFIG_DEFAULTS: Omit<EngineConfig, 'identity'> = {
  dataRoot: DEFAULT_DATA_ROOT,
  execRoot: DEFAULT_EXEC_ROOT,
  bridge: 'berth0',
  bip: undefined,
  fixedCidr: undefined,
  defaultGateway: undefined,
  defaultAddressPools: [
    { base: '172.17.0.0/16', size: 16 },
    { base: '172.18.0.0/16', size: 16 },
    { base: '172.19.0.0/16', size: 16 },
    { base: '172.20.0.0/14', size: 16 },
    { base: '172.24.0.0/14', size: 16 },
    { base: '172.28.0.0/14', size: 16 },
    { base: '192.168.0.0/16', size: 20 },
    // Docker stops at these 31.
    { base: '10.88.0.0/16', size: 24 },
  ],
  mtu: 1500,
  ip: '0.0.0.0',
  iptables: true,
  ipMasq: true,
  ipForward: true,
  icc: true,
  cgroupParent: '/berth',
  defaultCgroupnsMode: 'private',
  defaultIpcMode: 'private',
  defaultShmSize: 64 * 1024 * 1024,
  defaultUlimits: {},
  defaultRuntime: 'crun',
  runtimes: { crun: { path: 'crun', args: [] }, runc: { path: 'runc', args: [] } },
  init: false,
  initPath: '/usr/bin/catatonit',
  seccompProfile: undefined,
  noNewPrivileges: false,
  logDriver: 'json-file',
  logOpts: {},
  dns: [],
  dnsOpts: [],
  dnsSearch: [],
  hostGatewayIps: [],
  cdiSpecDirs: ['/etc/cdi', '/var/run/cdi'],
  labels: [],
  insecureRegistries: [],
  registryMirrors: [],
  maxConcurrentDownloads: 3,
  maxConcurrentUploads: 5,
  maxDownloadAttempts: 5,
  registry: undefined,
  debug: false,
  logLevel: 'info',
  logFormat: 'text',
  experimental: false,
  features: {},
  shutdownTimeout: 15,
};
