import type { ContainerConfig, HostConfig } from '../../api/index.ts';
import { processCapabilities, resolveCapabilities } from './capabilities.ts';
import { devices } from './devices.ts';
import {
  type HostFiles,
  INIT_PATH,
  initMount,
  MASKED_PATHS,
  READONLY_PATHS,
  systemMounts,
  tmpfsMounts,
} from './mounts.ts';
import type { OciMount, OciNamespace, OciSpec } from './oci.ts';
import { type HardLimits, resources, rlimits } from './resources.ts';
import type { SeccompFilter } from './seccomp.ts';
import { resolveUser } from './users.ts';

export const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Everything that the specification of a container follows from. */
export interface SpecInput {
  /** The mounted root file system. */
  readonly rootfs: string;
  /** The container's own config over that of its image. */
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  /** From the root of the cgroup hierarchies. */
  readonly cgroupsPath: string;
  /** Namespaces that are not new: a path each. Those that are missing here are new, `host` is none at all. */
  readonly namespaces: Partial<Record<OciNamespace['type'], string | 'host'>>;
  readonly hostFiles: HostFiles;
  /** /dev/shm of the container whose IPC namespace is shared, or of the host; a path. */
  readonly sharedShm?: string | undefined;
  /** Bytes of /dev/shm. */
  readonly shmSize: number;
  /** Mounts of the user's own, parents before children. */
  readonly userMounts: readonly OciMount[];
  /** How the root is mounted, where mounts are to get through it. */
  readonly rootPropagation?: 'rshared' | 'rslave' | undefined;
  readonly initProgram: string;
  readonly hardLimits: HardLimits;
  /** The lowest OOM score that the engine may give. */
  readonly lowestOomScore: number;
  /** The seccomp filter for a set of capabilities; undefined for unconfined. */
  seccomp(capabilities: readonly string[]): SeccompFilter | undefined;
  /** Whether the runtime takes a compiled filter, as crun does. */
  readonly takesCompiledSeccomp: boolean;
  readonly noNewPrivileges: boolean;
  /** An AppArmor profile that the kernel knows; undefined for none. */
  readonly apparmor?: string | undefined;
  /** Told of what was changed to make the container possible. */
  warn(message: string): void;
}

/** In a network of its own a container may use low ports and ping without privileges. As dockerd. */
const NETWORK_SYSCTLS = {
  'net.ipv4.ip_unprivileged_port_start': '0',
  'net.ipv4.ping_group_range': '0 2147483647',
};
/** crun applies this in the place of rules. */
const COMPILED_SECCOMP = 'run.oci.seccomp_bpf_data';
const NAMESPACES = ['mount', 'pid', 'network', 'ipc', 'uts', 'cgroup'] as const;

/** The OCI specification of a container. Throws InvalidArgument for what the image or the machine does not have. */
export function makeSpec(input: SpecInput): OciSpec {
  const { config, hostConfig } = input;
  const { ids: user, home } = resolveUser(input.rootfs, config.User, hostConfig.GroupAdd);
  const capabilities = resolveCapabilities({
    privileged: hostConfig.Privileged,
    add: hostConfig.CapAdd,
    drop: hostConfig.CapDrop,
  });
  const device = devices(hostConfig);
  const useInit = hostConfig.Init === true && input.namespaces.pid !== 'host';
  const seccomp = input.seccomp(capabilities);
  const program = input.takesCompiledSeccomp ? seccomp?.program : undefined;
  const uts = input.namespaces.uts === undefined;
  const unmasked = hostConfig.Privileged || hostConfig.SecurityOpt.includes('systempaths=unconfined');
  return {
    ociVersion: '1.0.2',
    process: {
      terminal: config.Tty,
      ...(config.Tty && consoleSize(hostConfig)),
      user,
      args: [...(useInit ? [INIT_PATH, '--'] : []), ...commandOf(config)],
      env: environment(config, home),
      cwd: config.WorkingDir || '/',
      capabilities: processCapabilities(capabilities, user.uid),
      rlimits: rlimits(hostConfig.Ulimits, input.hardLimits, input.warn),
      noNewPrivileges: input.noNewPrivileges,
      ...(input.apparmor !== undefined && { apparmorProfile: input.apparmor }),
      oomScoreAdj: Math.max(hostConfig.OomScoreAdj, input.lowestOomScore),
    },
    root: { path: input.rootfs, readonly: hostConfig.ReadonlyRootfs },
    ...(uts && { hostname: config.Hostname }),
    ...(uts && config.Domainname !== '' && { domainname: config.Domainname }),
    mounts: [
      ...systemMounts(hostConfig, input.shmSize, input.hostFiles, input.sharedShm),
      ...tmpfsMounts(hostConfig),
      ...input.userMounts,
      ...(useInit ? [initMount(input.initProgram)] : []),
    ],
    annotations: { ...hostConfig.Annotations, ...(program !== undefined && { [COMPILED_SECCOMP]: program }) },
    linux: {
      cgroupsPath: input.cgroupsPath,
      namespaces: namespaces(input.namespaces),
      devices: device.devices,
      resources: resources(hostConfig, device.rules),
      sysctl: { ...(input.namespaces.network !== 'host' && NETWORK_SYSCTLS), ...hostConfig.Sysctls },
      ...(input.rootPropagation && { rootfsPropagation: input.rootPropagation }),
      maskedPaths: unmasked ? [] : (hostConfig.MaskedPaths ?? MASKED_PATHS),
      readonlyPaths: unmasked ? [] : (hostConfig.ReadonlyPaths ?? READONLY_PATHS),
      ...(seccomp !== undefined && program === undefined && { seccomp: seccomp.rules }),
    },
  };
}

/** The words that are run: the entry point, then the command. */
export function commandOf(config: ContainerConfig): string[] {
  return [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
}

function namespaces(given: SpecInput['namespaces']): OciNamespace[] {
  return NAMESPACES.flatMap((type) => {
    const path = given[type];
    if (path === 'host') return [];
    return [path === undefined ? { type } : { type, path }];
  });
}

function consoleSize(hostConfig: HostConfig): { consoleSize?: { height: number; width: number } } {
  const [height, width] = hostConfig.ConsoleSize;
  return height > 0 && width > 0 ? { consoleSize: { height, width } } : {};
}

/**
 * The process's environment: what every container has, under what the image and the user set. `home` is that of the user
 * it runs as.
 */
export function environment(
  config: Pick<ContainerConfig, 'Env' | 'Hostname' | 'Tty'>,
  home: string,
): string[] {
  const values = new Map<string, string>();
  const put = (entry: string) => values.set(entry.split('=', 1)[0]!, entry);
  put(DEFAULT_PATH);
  put(`HOSTNAME=${config.Hostname}`);
  if (config.Tty) put('TERM=xterm');
  for (const entry of config.Env) {
    // A bare name takes the variable away, also one that every container has.
    if (entry.includes('=')) put(entry);
    else values.delete(entry);
  }
  if ([undefined, 'HOME='].includes(values.get('HOME'))) put(`HOME=${home}`);
  return [...values.values()];
}
