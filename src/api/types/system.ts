/** `GET /version`. */
export interface VersionInfo {
  readonly Platform: { readonly Name: string };
  readonly Version: string;
  readonly ApiVersion: string;
  readonly MinAPIVersion: string;
  readonly Os: string;
  readonly Arch: string;
  readonly KernelVersion: string;
  readonly GitCommit: string;
  /** The language runtime; clients show it as it is. */
  readonly GoVersion: string;
  readonly BuildTime: string;
  readonly Experimental?: boolean;
  readonly Components: readonly ComponentVersion[];
}

/** A program that the engine is made of or runs. */
export interface ComponentVersion {
  readonly Name: string;
  readonly Version: string;
  readonly Details: Readonly<Record<string, string>>;
}

/** Version of a helper program in `GET /info`. */
export interface CommitInfo {
  readonly ID: string;
}

/** A registry in `GET /info`. */
export interface IndexInfo {
  readonly Name: string;
  readonly Mirrors: readonly string[];
  readonly Secure: boolean;
  readonly Official: boolean;
}

/** `GET /info`. */
export interface SystemInfo {
  readonly ID: string;
  readonly Containers: number;
  readonly ContainersRunning: number;
  readonly ContainersPaused: number;
  readonly ContainersStopped: number;
  readonly Images: number;
  readonly Driver: string;
  readonly DriverStatus: readonly (readonly [string, string])[];
  readonly Plugins: {
    readonly Volume: readonly string[];
    readonly Network: readonly string[];
    readonly Authorization: readonly string[] | null;
    readonly Log: readonly string[];
  };
  readonly MemoryLimit: boolean;
  readonly SwapLimit: boolean;
  readonly KernelMemoryTCP?: boolean;
  readonly CpuCfsPeriod: boolean;
  readonly CpuCfsQuota: boolean;
  readonly CPUShares: boolean;
  readonly CPUSet: boolean;
  readonly PidsLimit: boolean;
  readonly OomKillDisable: boolean;
  readonly IPv4Forwarding: boolean;
  /** Sent to clients older than API 1.50. */
  readonly BridgeNfIptables: boolean;
  /** Sent to clients older than API 1.50. */
  readonly BridgeNfIp6tables: boolean;
  readonly Debug: boolean;
  readonly NFd: number;
  readonly NGoroutines: number;
  readonly SystemTime: string;
  readonly LoggingDriver: string;
  readonly CgroupDriver: string;
  readonly CgroupVersion: '1' | '2';
  readonly NEventsListener: number;
  readonly KernelVersion: string;
  readonly OperatingSystem: string;
  readonly OSVersion: string;
  readonly OSType: string;
  readonly Architecture: string;
  readonly IndexServerAddress: string;
  readonly RegistryConfig: {
    readonly IndexConfigs: Readonly<Record<string, IndexInfo>>;
    readonly InsecureRegistryCIDRs: readonly string[];
    readonly Mirrors: readonly string[];
  };
  readonly NCPU: number;
  /** Bytes. */
  readonly MemTotal: number;
  readonly GenericResources: null;
  readonly DockerRootDir: string;
  readonly HttpProxy: string;
  readonly HttpsProxy: string;
  readonly NoProxy: string;
  readonly Name: string;
  readonly Labels: readonly string[];
  readonly ExperimentalBuild: boolean;
  readonly ServerVersion: string;
  readonly Runtimes: Readonly<
    Record<string, { readonly path: string; readonly runtimeArgs?: readonly string[] }>
  >;
  readonly DefaultRuntime: string;
  readonly Swarm: {
    readonly NodeID: string;
    readonly NodeAddr: string;
    readonly LocalNodeState: 'inactive';
    readonly ControlAvailable: false;
    readonly Error: string;
    readonly RemoteManagers: null;
  };
  readonly LiveRestoreEnabled: boolean;
  readonly Isolation: string;
  readonly InitBinary: string;
  readonly ContainerdCommit: CommitInfo;
  readonly RuncCommit: CommitInfo;
  readonly InitCommit: CommitInfo;
  readonly SecurityOptions: readonly string[];
  readonly ProductLicense: string;
  readonly DefaultAddressPools: readonly { readonly Base: string; readonly Size: number }[];
  readonly FirewallBackend: {
    readonly Driver: string;
    readonly Info?: readonly (readonly [string, string])[];
  };
  readonly CDISpecDirs: readonly string[];
  /** Since API 1.50. */
  readonly DiscoveredDevices?: readonly { readonly Source: string; readonly ID: string }[];
  readonly Warnings: readonly string[];
}
