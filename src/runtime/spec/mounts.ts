import { type HostConfig, InvalidArgument } from '../../api/index.ts';
import { cgroupVersion } from '../../linux/index.ts';
import type { OciMount } from './oci.ts';

/** Files that the engine writes for the container and that appear in its /etc. Paths on the host. */
export interface HostFiles {
  readonly hostname: string;
  readonly hosts: string;
  readonly resolvConf: string;
}

/** Paths under which the kernel tells more than a container should know. As dockerd. */
export const MASKED_PATHS = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
];

/** Paths through which a container could change the machine. As dockerd. */
export const READONLY_PATHS = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

/** The file systems of every container, before those that the user asks for. */
export function systemMounts(
  host: HostConfig,
  shmSize: number,
  files: HostFiles,
  sharedShm?: string,
): OciMount[] {
  const access = host.Privileged ? 'rw' : 'ro';
  const fileAccess = host.ReadonlyRootfs ? 'ro' : 'rw';
  return [
    mount('/proc', 'proc', 'proc', 'nosuid,noexec,nodev'),
    mount('/dev', 'tmpfs', 'tmpfs', 'nosuid,strictatime,mode=755,size=65536k'),
    mount('/dev/pts', 'devpts', 'devpts', 'nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5'),
    mount('/sys', 'sysfs', 'sysfs', `nosuid,noexec,nodev,${access}`),
    cgroupMount(host, `${access},nosuid,noexec,nodev,relatime`),
    mount('/dev/mqueue', 'mqueue', 'mqueue', 'nosuid,noexec,nodev'),
    ...(host.IpcMode === 'none' ? [] : [sharedMemory(shmSize, sharedShm)]),
    bindMount(files.resolvConf, '/etc/resolv.conf', fileAccess),
    bindMount(files.hostname, '/etc/hostname', fileAccess),
    bindMount(files.hosts, '/etc/hosts', fileAccess),
  ];
}

/**
 * A container in the machine's own cgroup namespace gets the machine's mount: mounting version 2 anew from there would take
 * nsdelegate and memory_recursiveprot away from the whole machine, which systemd relies on.
 */
function cgroupMount({ CgroupnsMode }: HostConfig, options: string): OciMount {
  const path = '/sys/fs/cgroup';
  return CgroupnsMode === 'host' && cgroupVersion() === 2
    ? mount(path, 'bind', path, `rbind,rprivate,${options}`)
    : mount(path, 'cgroup', 'cgroup', options);
}

function sharedMemory(size: number, shared: string | undefined): OciMount {
  return shared === undefined
    ? mount('/dev/shm', 'tmpfs', 'shm', `nosuid,noexec,nodev,mode=1777,size=${size}`)
    : mount('/dev/shm', 'bind', shared, 'rbind,rprivate');
}

/** The tmpfs mounts of `--tmpfs`; parents before children. */
export function tmpfsMounts(host: HostConfig): OciMount[] {
  return Object.entries(host.Tmpfs)
    .sort(([one], [other]) => one.split('/').length - other.split('/').length)
    .map(([path, options]) => mount(path, 'tmpfs', 'tmpfs', tmpfsOptions(`noexec,nosuid,nodev,${options}`)));
}

const OPPOSITES: ReadonlyMap<string, string> = new Map(
  ['exec', 'suid', 'dev'].flatMap((name) => [
    [name, `no${name}`],
    [`no${name}`, name],
  ]),
);
const TMPFS_OPTION =
  /^((no)?(exec|suid|dev|atime|diratime)|(no|strict)?relatime|strictatime|ro|rw|a?sync|(size|mode|uid|gid|nr_inodes|nr_blocks|mpol)=.+)$/;

/** Of two options that contradict each other the later one counts. Throws InvalidArgument for what tmpfs(5) does not know. */
function tmpfsOptions(text: string): string {
  const options = text.split(',').filter(Boolean);
  const wrong = options.filter((option) => !TMPFS_OPTION.test(option));
  if (wrong.length > 0) throw new InvalidArgument(`invalid tmpfs option ${JSON.stringify(wrong)}`);
  return options
    .filter((option, index) => !options.includes(OPPOSITES.get(option) ?? '', index + 1))
    .join(',');
}

/** The init program, which `--init` puts before the command. */
export const INIT_PATH = '/sbin/docker-init';

/** Makes the host's init program visible in the container. */
export function initMount(program: string): OciMount {
  return mount(INIT_PATH, 'bind', program, 'bind,ro');
}

function bindMount(source: string, destination: string, access: 'ro' | 'rw'): OciMount {
  return mount(destination, 'bind', source, `rbind,rprivate,${access}`);
}

function mount(destination: string, type: string, source: string, options: string): OciMount {
  return { destination, type, source, options: options.split(',') };
}
