import {
  bool,
  bytes,
  duration,
  each,
  type Flag,
  type FlagValues,
  int,
  list,
  map,
  string,
  uint,
} from '../flags.ts';
import { parseBytes } from '../units.ts';
import {
  checkDeviceCgroupRule,
  checkDns,
  checkDnsSearch,
  checkEnv,
  checkExtraHost,
  checkLabel,
  checkLink,
  checkStream,
  checkSysctl,
  parseBpsDevice,
  parseCpus,
  parseIopsDevice,
  parseUlimit,
  parseWeightDevice,
} from './checks.ts';
import { parseGpus } from './gpus.ts';
import { parseMount } from './mounts.ts';
import { parseNetwork } from './networks.ts';

const listOf = '[]';

/** Flags that describe a container: all those of `create`, most of `run`. */
export const containerFlags = {
  'add-host': list('Add a custom host-to-IP mapping (host:ip)', { check: checkExtraHost }),
  annotation: map('Add an annotation to the container (passed through to the OCI runtime)', {
    since: '1.43',
  }),
  attach: list('Attach to STDIN, STDOUT or STDERR', { short: 'a', check: checkStream }),
  'blkio-weight': uint('Block IO (relative weight), between 10 and 1000, or 0 to disable', 65535, {
    type: 'uint16',
    shown: '0',
  }),
  'blkio-weight-device': each('Block IO weight (relative device weight)', parseWeightDevice, {
    shown: listOf,
  }),
  'cap-add': list('Add Linux capabilities'),
  'cap-drop': list('Drop Linux capabilities'),
  'cgroup-parent': string('Parent cgroup for the container'),
  cgroupns: string("Cgroup namespace to use: 'host', 'private', or '' for the engine's default", {
    since: '1.41',
  }),
  cidfile: string('Write the container ID to the file'),
  'cpu-count': int('CPU count (Windows only)', { hidden: true, os: 'windows' }),
  'cpu-percent': int('CPU percent (Windows only)', { hidden: true, os: 'windows' }),
  'cpu-period': int('Limit CPU CFS (Completely Fair Scheduler) period'),
  'cpu-quota': int('Limit CPU CFS (Completely Fair Scheduler) quota'),
  'cpu-rt-period': int('Limit CPU real-time period in microseconds', { since: '1.25' }),
  'cpu-rt-runtime': int('Limit CPU real-time runtime in microseconds', { since: '1.25' }),
  'cpu-shares': int('CPU shares (relative weight)', { short: 'c' }),
  cpus: cpus('Number of CPUs'),
  'cpuset-cpus': string('CPUs in which to allow execution (0-3, 0,1)'),
  'cpuset-mems': string('MEMs in which to allow execution (0-3, 0,1)'),
  device: list('Add a host device to the container'),
  'device-cgroup-rule': list('Add a rule to the list of devices that the cgroup allows', {
    check: checkDeviceCgroupRule,
  }),
  'device-read-bps': each('Limit read rate (bytes per second) from a device', parseBpsDevice, {
    shown: listOf,
  }),
  'device-read-iops': each('Limit read rate (IO per second) from a device', parseIopsDevice, {
    shown: listOf,
  }),
  'device-write-bps': each('Limit write rate (bytes per second) to a device', parseBpsDevice, {
    shown: listOf,
  }),
  'device-write-iops': each('Limit write rate (IO per second) to a device', parseIopsDevice, {
    shown: listOf,
  }),
  'disable-content-trust': bool('Skip image verification', { initial: true }),
  dns: list('Set custom DNS servers', { check: checkDns }),
  'dns-opt': list('Set DNS options', { hidden: true }),
  'dns-option': list('Set DNS options'),
  'dns-search': list('Set custom DNS search domains', { check: checkDnsSearch }),
  domainname: string('Container NIS domain name'),
  entrypoint: string('Overwrite the default ENTRYPOINT of the image'),
  env: list('Set environment variables', { short: 'e', check: checkEnv }),
  'env-file': list('Read in a file of environment variables'),
  expose: list('Expose a port or a range of ports'),
  gpus: {
    ...each("GPU devices to add to the container ('all' to pass all GPUs)", parseGpus),
    type: 'gpu-request',
  },
  'group-add': list('Add additional groups to join'),
  'health-cmd': string('Command to run to check health'),
  'health-interval': duration('Time between running the check (ms|s|m|h)'),
  'health-on-failure': string(
    'Action when the container becomes unhealthy ("none", "kill", "restart", "stop")',
  ),
  'health-retries': int('Consecutive failures needed to report unhealthy'),
  'health-start-interval': duration('Time between running the check during the start period (ms|s|m|h)', {
    since: '1.44',
  }),
  'health-start-period': duration('Time for the container to start before failed checks count (ms|s|m|h)', {
    since: '1.29',
  }),
  'health-timeout': duration('Maximum time to allow one check to run (ms|s|m|h)'),
  help: bool('Print usage'),
  hostname: string('Container host name', { short: 'h' }),
  init: bool('Run an init inside the container that forwards signals and reaps processes', { since: '1.25' }),
  interactive: bool('Keep STDIN open even if not attached', { short: 'i' }),
  'io-maxbandwidth': bytes('Maximum IO bandwidth limit for the system drive (Windows only)', {
    hidden: true,
  }),
  'io-maxiops': uint('Maximum IOps limit for the system drive (Windows only)', Number.MAX_SAFE_INTEGER, {
    hidden: true,
  }),
  ip: string('IPv4 address (e.g., 172.30.100.104)'),
  ip6: string('IPv6 address (e.g., 2001:db8::33)'),
  ipc: string('IPC mode to use'),
  isolation: string('Container isolation technology'),
  'kernel-memory': bytes('Kernel memory limit'),
  label: list('Set metadata on a container', { short: 'l', check: checkLabel }),
  'label-file': list('Read in a line delimited file of labels'),
  link: list('Add link to another container', { check: checkLink }),
  'link-local-ip': list('Container IPv4/IPv6 link-local addresses'),
  'log-driver': string('Logging driver for the container'),
  'log-opt': list('Log driver options'),
  'mac-address': string('Container MAC address (e.g., 92:d0:c6:0a:29:33)'),
  memory: bytes('Memory limit', { short: 'm' }),
  'memory-reservation': bytes('Memory soft limit'),
  'memory-swap': memorySwap("Limit of memory and swap together: '-1' to enable unlimited swap"),
  'memory-swappiness': int('Tune container memory swappiness (0 to 100)', { initial: -1 }),
  mount: { ...each('Attach a filesystem mount to the container', parseMount), type: 'mount' },
  name: string('Assign a name to the container'),
  net: { ...each('Connect a container to a network', parseNetwork, { hidden: true }), type: 'network' },
  'net-alias': list('Add network-scoped alias for the container', { hidden: true }),
  network: { ...each('Connect a container to a network', parseNetwork), type: 'network' },
  'network-alias': list('Add network-scoped alias for the container'),
  'no-healthcheck': bool('Disable any container-specified HEALTHCHECK'),
  'oom-kill-disable': bool('Disable OOM Killer'),
  'oom-score-adj': int("Tune host's OOM preferences (-1000 to 1000)"),
  pid: string('PID namespace to use'),
  'pids-limit': int('Tune container pids limit (set -1 for unlimited)'),
  platform: string('Set platform if server is multi-platform capable', {
    since: '1.32',
    initial: process.env['DOCKER_DEFAULT_PLATFORM'] ?? '',
  }),
  privileged: bool('Give extended privileges to this container'),
  publish: list("Publish a container's port(s) to the host", { short: 'p' }),
  'publish-all': bool('Publish all exposed ports to random ports', { short: 'P' }),
  pull: string('Pull image before running ("always", "missing", "never")', { initial: 'missing' }),
  quiet: bool('Suppress the pull output', { short: 'q' }),
  'read-only': bool("Mount the container's root filesystem as read only"),
  restart: string('Restart policy to apply when a container exits', { initial: 'no' }),
  rm: bool('Automatically remove the container and its associated anonymous volumes when it exits'),
  runtime: string('Runtime to use for this container'),
  'security-opt': list('Security Options'),
  'shm-size': bytes('Size of /dev/shm'),
  'stop-signal': string('Signal to stop the container'),
  'stop-timeout': int('Timeout (in seconds) to stop a container', { since: '1.25' }),
  'storage-opt': list('Storage driver options for the container'),
  sysctl: map('Sysctl options', { check: checkSysctl }),
  tmpfs: list('Mount a tmpfs directory'),
  tty: bool('Allocate a pseudo-TTY', { short: 't' }),
  ulimit: { ...each('Ulimit options', parseUlimit, { shown: listOf }), type: 'ulimit' },
  'use-api-socket': bool("Bind mount the engine's socket into the container"),
  user: string('Username or UID (format: <name|uid>[:<group|gid>])', { short: 'u' }),
  userns: string('User namespace to use'),
  uts: string('UTS namespace to use'),
  volume: list('Bind mount a volume', { short: 'v' }),
  'volume-driver': string('Optional volume driver for the container'),
  'volumes-from': list('Mount volumes from the specified container(s)'),
  workdir: string('Working directory inside the container', { short: 'w' }),
} as const;

export type ContainerValues = FlagValues<typeof containerFlags>;

/** What `run` and `create` got from the command line. */
export interface ContainerInput {
  readonly values: ContainerValues;
  /** Names of the flags that were given. */
  readonly changed: ReadonlySet<string>;
  readonly image: string;
  readonly command: readonly string[];
}

/** A number of CPUs, in billionths. */
export function cpus(about: string): Flag<number> {
  return { type: 'decimal', about, initial: 0, since: '1.25', read: parseCpus };
}

/** Bytes, or -1 for no limit. */
export function memorySwap(about: string): Flag<number> {
  return { type: 'bytes', about, initial: 0, read: (text) => (text === '-1' ? -1 : parseBytes(text)) };
}
