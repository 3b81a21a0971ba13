import { readdirSync } from 'node:fs';
import { availableParallelism, hostname, machine, release, totalmem } from 'node:os';
import {
  API_VERSION,
  BERTH_VERSION,
  type ComponentVersion,
  formatApiVersion,
  type IndexInfo,
  MIN_API_VERSION,
  type SystemInfo,
  type VersionInfo,
} from '../../api/index.ts';
import { CdiDevices } from '../../runtime/index.ts';
import type { EngineConfig } from '../config.ts';
import { LOG_DRIVERS } from '../containers/logs/drivers.ts';
import type { EventBus } from '../events/index.ts';
import { type DiskUsage, type DiskUsageSources, type DiskUsageType, diskUsageOf } from './disk-usage.ts';
import { featureWarnings, kernelFeatures, sysctl } from './kernel.ts';
import { distribution, fileSystem, proxy } from './machine.ts';
import { ownBuild, programVersion } from './programs.ts';

/** How many objects there are, for `info`. */
export interface ObjectCounts {
  readonly running: number;
  readonly paused: number;
  readonly stopped: number;
  readonly images: number;
}

/** Go's names for the machine's architectures, which clients compare with platforms of images. */
const GO_ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };

/** Networks of an address that is this machine: registries there may speak plain HTTP. */
const LOCAL_NETWORKS = ['::1/128', '127.0.0.0/8'];

/** What the engine says about itself and its machine. */
export class System {
  readonly #config: EngineConfig;
  readonly #events: EventBus;
  readonly #count: () => ObjectCounts;
  readonly #sources: DiskUsageSources;

  constructor(config: EngineConfig, events: EventBus, count: () => ObjectCounts, sources: DiskUsageSources) {
    this.#config = config;
    this.#events = events;
    this.#count = count;
    this.#sources = sources;
  }

  /** `GET /system/df` */
  diskUsage(types: ReadonlySet<DiskUsageType>): Promise<DiskUsage> {
    return diskUsageOf(this.#sources, types);
  }

  /** `GET /version` */
  async version(): Promise<VersionInfo> {
    const { commit, time } = ownBuild();
    const own = {
      ApiVersion: formatApiVersion(API_VERSION),
      MinAPIVersion: formatApiVersion(MIN_API_VERSION),
      Os: 'linux',
      Arch: GO_ARCHITECTURES[process.arch] ?? process.arch,
      KernelVersion: release(),
      GitCommit: commit,
      GoVersion: `node ${process.version}`,
      BuildTime: time,
    };
    const engine = {
      Name: 'Engine',
      Version: BERTH_VERSION,
      Details: { ...own, Experimental: `${this.#config.experimental}` },
    };
    const helpers = [
      this.#component(this.#config.defaultRuntime, this.#runtimePath()),
      this.#component('conmon', 'conmon'),
    ];
    return {
      Platform: { Name: 'Berth' },
      Version: BERTH_VERSION,
      ...own,
      ...(this.#config.experimental ? { Experimental: true } : {}),
      Components: [engine, ...(await Promise.all(helpers))],
    };
  }

  /** `GET /info` */
  async info(): Promise<SystemInfo> {
    const config = this.#config;
    const { running, paused, stopped, images } = this.#count();
    const features = kernelFeatures();
    const { name, version } = distribution();
    const helpers = [
      programVersion('conmon'),
      programVersion(this.#runtimePath()),
      programVersion(config.initPath),
    ];
    const [conmon, runtime, init] = await Promise.all(helpers);
    const devices = await CdiDevices.read(config.cdiSpecDirs);
    return {
      ID: config.identity.id,
      Containers: running + paused + stopped,
      ContainersRunning: running,
      ContainersPaused: paused,
      ContainersStopped: stopped,
      Images: images,
      Driver: 'overlay2',
      DriverStatus: [['Backing Filesystem', fileSystem(config.dataRoot)]],
      Plugins: {
        Volume: ['local'],
        Network: ['bridge', 'host', 'null'],
        Authorization: null,
        Log: LOG_DRIVERS,
      },
      MemoryLimit: features.memoryLimit,
      SwapLimit: features.swapLimit,
      ...(features.kernelMemoryTcp ? { KernelMemoryTCP: true } : {}),
      CpuCfsPeriod: features.cpuCfsPeriod,
      CpuCfsQuota: features.cpuCfsQuota,
      CPUShares: features.cpuShares,
      CPUSet: features.cpuset,
      PidsLimit: features.pidsLimit,
      OomKillDisable: features.oomKillDisable,
      IPv4Forwarding: sysctl('net/ipv4/ip_forward'),
      BridgeNfIptables: sysctl('net/bridge/bridge-nf-call-iptables'),
      BridgeNfIp6tables: sysctl('net/bridge/bridge-nf-call-ip6tables'),
      Debug: config.debug,
      NFd: readdirSync('/proc/self/fd').length,
      NGoroutines: process.getActiveResourcesInfo().length,
      SystemTime: new Date().toISOString(),
      LoggingDriver: config.logDriver,
      CgroupDriver: 'cgroupfs',
      CgroupVersion: features.cgroupVersion,
      NEventsListener: this.#events.readers,
      KernelVersion: release(),
      OperatingSystem: name,
      OSVersion: version,
      OSType: 'linux',
      Architecture: machine(),
      IndexServerAddress: 'https://index.docker.io/v1/',
      RegistryConfig: registries(config),
      NCPU: availableParallelism(),
      MemTotal: totalmem(),
      GenericResources: null,
      DockerRootDir: config.dataRoot,
      HttpProxy: proxy('HTTP_PROXY'),
      HttpsProxy: proxy('HTTPS_PROXY'),
      NoProxy: proxy('NO_PROXY'),
      Name: hostname(),
      Labels: config.labels,
      ExperimentalBuild: config.experimental,
      ServerVersion: BERTH_VERSION,
      Runtimes: runtimes(config),
      DefaultRuntime: config.defaultRuntime,
      Swarm: {
        NodeID: '',
        NodeAddr: '',
        LocalNodeState: 'inactive',
        ControlAvailable: false,
        Error: '',
        RemoteManagers: null,
      },
      LiveRestoreEnabled: true,
      Isolation: '',
      InitBinary: config.initPath,
      // Nothing of containerd is here; conmon does its part of the work, runc's is done by the default runtime.
      ContainerdCommit: { ID: `none (conmon ${conmon!.version})` },
      RuncCommit: { ID: `${config.defaultRuntime} ${runtime!.version}` },
      InitCommit: { ID: init!.version },
      SecurityOptions: securityOptions(config, features),
      ProductLicense: 'Apache License 2.0',
      DefaultAddressPools: config.defaultAddressPools.map(({ base, size }) => ({ Base: base, Size: size })),
      FirewallBackend: { Driver: 'nftables' },
      CDISpecDirs: config.cdiSpecDirs,
      DiscoveredDevices: devices.names.map((ID) => ({ Source: 'cdi', ID })),
      Warnings: featureWarnings(features),
    };
  }

  #runtimePath(): string {
    const { runtimes, defaultRuntime } = this.#config;
    return runtimes[defaultRuntime]?.path ?? defaultRuntime;
  }

  async #component(name: string, path: string): Promise<ComponentVersion> {
    const { version, commit } = await programVersion(path);
    return { Name: name, Version: version, Details: { GitCommit: commit } };
  }
}

function runtimes(config: EngineConfig): SystemInfo['Runtimes'] {
  const entries = Object.entries(config.runtimes).map(([name, { path, args }]) => [
    name,
    args.length === 0 ? { path } : { path, runtimeArgs: args },
  ]);
  return Object.fromEntries(entries);
}

function registries(config: EngineConfig): SystemInfo['RegistryConfig'] {
  const isNetwork = (registry: string) => registry.includes('/');
  const insecure = config.insecureRegistries.filter((registry) => !isNetwork(registry));
  const hub: IndexInfo = { Name: 'docker.io', Mirrors: config.registryMirrors, Secure: true, Official: true };
  const others = insecure.map(
    (name): IndexInfo => ({ Name: name, Mirrors: [], Secure: false, Official: false }),
  );
  return {
    IndexConfigs: Object.fromEntries([hub, ...others].map((index) => [index.Name, index])),
    InsecureRegistryCIDRs: [...config.insecureRegistries.filter(isNetwork), ...LOCAL_NETWORKS],
    Mirrors: config.registryMirrors,
  };
}

function securityOptions(
  config: EngineConfig,
  features: { seccomp: boolean; cgroupNamespaces: boolean },
): string[] {
  const options: string[] = [];
  if (features.seccomp) options.push(`name=seccomp,profile=${config.seccompProfile ?? 'builtin'}`);
  if (features.cgroupNamespaces) options.push('name=cgroupns');
  if (config.noNewPrivileges) options.push('name=no-new-privileges');
  return options;
}
