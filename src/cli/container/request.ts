import type { CreateRequest, HostConfig, Mount, RestartPolicy } from '../../client/index.ts';
import { CliError } from '../errors.ts';
import { buildDevices } from './devices.ts';
import { readKeyValueFiles, toRecord } from './files.ts';
import type { ContainerInput, ContainerValues } from './flags.ts';
import { buildHealthcheck } from './health.ts';
import { parseTmpfs, splitVolumes } from './mounts.ts';
import { buildNetworking } from './networks.ts';
import { buildPorts } from './publish.ts';
import { buildSecurity } from './security.ts';

/** Turns the command line into the body of a create call, in the shape in which Docker sends it. Throws CliError. */
export function buildRequest(input: ContainerInput): CreateRequest {
  const { values, changed, image, command } = input;
  check(values);
  const { attachStdin, attachStdout, attachStderr } = chooseStreams(values);
  const ports = buildPorts(values.publish, values.expose);
  const volumes = splitVolumes(values.volume);
  const networking = buildNetworking(values);
  const healthcheck = buildHealthcheck(values);
  const env = [...readKeyValueFiles(values['env-file'], (key) => process.env[key]), ...values.env];
  const labels = [...readKeyValueFiles(values['label-file'], () => undefined), ...values.label];
  return {
    Hostname: values.hostname,
    Domainname: values.domainname,
    User: values.user,
    AttachStdin: attachStdin,
    AttachStdout: attachStdout,
    AttachStderr: attachStderr,
    ...(Object.keys(ports.exposed).length > 0 ? { ExposedPorts: ports.exposed } : {}),
    Tty: values.tty,
    OpenStdin: values.interactive,
    StdinOnce: values.interactive && attachStdin,
    Env: orNull(env),
    Cmd: orNull(command),
    ...(healthcheck ? { Healthcheck: healthcheck } : {}),
    Image: image,
    Volumes: volumes.anonymous,
    WorkingDir: values.workdir,
    // An empty entry point given on purpose clears the image's.
    Entrypoint: changed.has('entrypoint') ? [values.entrypoint] : null,
    OnBuild: null,
    Labels: toRecord(labels),
    ...(values['stop-signal'] ? { StopSignal: values['stop-signal'] } : {}),
    ...(changed.has('stop-timeout') ? { StopTimeout: values['stop-timeout'] } : {}),
    HostConfig: buildHostConfig(input, ports.bindings, volumes.binds, networking.mode),
    NetworkingConfig: { EndpointsConfig: networking.endpoints },
  };
}

function buildHostConfig(
  { values, changed }: ContainerInput,
  bindings: HostConfig['PortBindings'],
  binds: string[],
  networkMode: string,
): HostConfig {
  const security = buildSecurity(values['security-opt']);
  const storage = storageOptions(values['storage-opt']);
  const mounts: Mount[] = [...values.mount];
  if (values['use-api-socket']) mounts.push(apiSocket());
  return {
    Binds: orNull(binds),
    ContainerIDFile: values.cidfile,
    LogConfig: { Type: values['log-driver'], Config: logOptions(values) },
    NetworkMode: networkMode,
    PortBindings: bindings,
    RestartPolicy: parseRestartPolicy(values.restart),
    AutoRemove: values.rm,
    ...(changed.has('health-on-failure') ? { HealthOnFailure: values['health-on-failure'] } : {}),
    VolumeDriver: values['volume-driver'],
    VolumesFrom: orNull(values['volumes-from']),
    ConsoleSize: [0, 0],
    ...(changed.has('annotation') ? { Annotations: values.annotation } : {}),
    CapAdd: orNull(values['cap-add'].map(capability)),
    CapDrop: orNull(values['cap-drop'].map(capability)),
    CgroupnsMode: oneOf(values.cgroupns, ['host', 'private'], '--cgroupns: invalid CGROUP mode'),
    Dns: [...values.dns],
    DnsOptions: [...values['dns-opt'], ...values['dns-option']],
    DnsSearch: [...values['dns-search']],
    ExtraHosts: orNull(values['add-host']),
    GroupAdd: orNull(values['group-add']),
    IpcMode: values.ipc,
    Cgroup: '',
    Links: orNull(values.link),
    OomScoreAdj: values['oom-score-adj'],
    PidMode: pidMode(values.pid),
    Privileged: values.privileged,
    PublishAllPorts: values['publish-all'],
    ReadonlyRootfs: values['read-only'],
    SecurityOpt: security.options,
    ...(storage ? { StorageOpt: storage } : {}),
    ...(values.tmpfs.length > 0 ? { Tmpfs: parseTmpfs(values.tmpfs) } : {}),
    UTSMode: oneOf(values.uts, ['host'], '--uts: invalid UTS mode'),
    UsernsMode: oneOf(values.userns, ['host'], '--userns: invalid USER mode'),
    ShmSize: values['shm-size'],
    ...(changed.has('sysctl') ? { Sysctls: values.sysctl } : {}),
    ...(values.runtime ? { Runtime: values.runtime } : {}),
    Isolation: values.isolation,
    ...buildResources(values),
    ...(mounts.length > 0 ? { Mounts: mounts } : {}),
    MaskedPaths: security.paths ?? null,
    ReadonlyPaths: security.paths ?? null,
    ...(changed.has('init') ? { Init: values.init } : {}),
  };
}

function buildResources(values: ContainerValues): Pick<HostConfig, ResourceKey> {
  const { devices, cdi } = buildDevices(values.device);
  const requests = [...values.gpus, ...cdi];
  return {
    CpuShares: values['cpu-shares'],
    Memory: values.memory,
    NanoCpus: values.cpus,
    CgroupParent: values['cgroup-parent'],
    BlkioWeight: values['blkio-weight'],
    BlkioWeightDevice: [...values['blkio-weight-device']],
    BlkioDeviceReadBps: [...values['device-read-bps']],
    BlkioDeviceWriteBps: [...values['device-write-bps']],
    BlkioDeviceReadIOps: [...values['device-read-iops']],
    BlkioDeviceWriteIOps: [...values['device-write-iops']],
    CpuPeriod: values['cpu-period'],
    CpuQuota: values['cpu-quota'],
    CpuRealtimePeriod: values['cpu-rt-period'],
    CpuRealtimeRuntime: values['cpu-rt-runtime'],
    CpusetCpus: values['cpuset-cpus'],
    CpusetMems: values['cpuset-mems'],
    Devices: devices,
    DeviceCgroupRules: orNull(values['device-cgroup-rule']),
    DeviceRequests: requests.length > 0 ? requests : null,
    ...(values['kernel-memory'] ? { KernelMemory: values['kernel-memory'] } : {}),
    MemoryReservation: values['memory-reservation'],
    MemorySwap: values['memory-swap'],
    MemorySwappiness: values['memory-swappiness'],
    OomKillDisable: values['oom-kill-disable'],
    PidsLimit: values['pids-limit'],
    Ulimits: [...new Map(values.ulimit.map((limit) => [limit.Name, limit])).values()].sort((a, b) =>
      a.Name < b.Name ? -1 : 1,
    ),
    CpuCount: values['cpu-count'],
    CpuPercent: values['cpu-percent'],
    IOMaximumIOps: values['io-maxiops'],
    IOMaximumBandwidth: values['io-maxbandwidth'],
  };
}

type ResourceKey = keyof import('../../client/index.ts').Resources;

function check(values: ContainerValues): void {
  const swappiness = values['memory-swappiness'];
  if (swappiness !== -1 && (swappiness < 0 || swappiness > 100)) {
    throw new CliError(`invalid value: ${swappiness}. Valid memory swappiness range is 0-100`, 125);
  }
  if (values.rm && parseRestartPolicy(values.restart).Name !== 'no') {
    throw new CliError('conflicting options: cannot specify both --restart and --rm', 125);
  }
}

/** The streams named by `--attach`; without it output and errors, and input with `--interactive`. */
function chooseStreams(values: ContainerValues): {
  attachStdin: boolean;
  attachStdout: boolean;
  attachStderr: boolean;
} {
  const named = values.attach;
  return {
    attachStdin: named.includes('stdin') || values.interactive,
    attachStdout: named.length === 0 || named.includes('stdout'),
    attachStderr: named.length === 0 || named.includes('stderr'),
  };
}

/** Reads `no`, `always`, `unless-stopped` or `on-failure[:times]`. Whether the name is known is for the engine to say. */
export function parseRestartPolicy(text: string): RestartPolicy {
  if (text === '') return { Name: '', MaximumRetryCount: 0 };
  const [name = '', count] = text.split(':', 2);
  if (name === '') throw new CliError('invalid restart policy format: no policy provided before colon', 125);
  if (count !== undefined && !/^[+-]?\d+$/.test(count)) {
    throw new CliError('invalid restart policy format: maximum retry count must be an integer', 125);
  }
  return { Name: name, MaximumRetryCount: Number(count ?? 0) };
}

function logOptions(values: ContainerValues): Record<string, string> {
  if (values['log-driver'] === 'none' && values['log-opt'].length > 0) {
    throw new CliError('invalid logging opts for driver none', 125);
  }
  return toRecord(values['log-opt']);
}

function storageOptions(options: readonly string[]): Record<string, string> | undefined {
  if (options.length === 0) return undefined;
  if (options.some((option) => !option.includes('='))) throw new CliError('invalid storage option', 125);
  return toRecord(options);
}

/** The name that the kernel uses: `net_admin` is CAP_NET_ADMIN. */
function capability(name: string): string {
  const upper = name.trim().toUpperCase();
  return upper === 'ALL' || upper === 'RESET' || upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
}

function pidMode(mode: string): string {
  if (mode === '' || mode === 'host' || /^container:.+/.test(mode)) return mode;
  throw new CliError('--pid: invalid PID mode', 125);
}

function oneOf(value: string, accepted: readonly string[], message: string): string {
  if (value !== '' && !accepted.includes(value)) throw new CliError(message, 125);
  return value;
}

function apiSocket(): Mount {
  const path = '/var/run/docker.sock';
  return { Type: 'bind', Source: path, Target: path, BindOptions: {} };
}

function orNull<T>(values: readonly T[]): T[] | null {
  return values.length > 0 ? [...values] : null;
}
