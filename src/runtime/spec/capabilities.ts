import { readFileSync } from 'node:fs';
import { InvalidArgument } from '../../api/index.ts';
import type { OciCapabilities } from './oci.ts';

/** capabilities(7), by number. */
const ALL = [
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE',
  'NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN',
  'SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE',
  'MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE',
].flatMap((line) => line.split(' ').map((name) => `CAP_${name}`));

/** What a container gets that asks for nothing; Docker's choice. */
const DEFAULT = [
  'CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL',
  'AUDIT_WRITE',
].flatMap((line) => line.split(' ').map((name) => `CAP_${name}`));

let available: ReadonlySet<string> | undefined;

/** The capabilities that the engine may hand on: those of its own bounding set. */
function availableCapabilities(): ReadonlySet<string> {
  if (available === undefined) {
    const bounding = /^CapBnd:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
    const mask = BigInt(`0x${bounding}`);
    available = new Set(ALL.filter((_, bit) => (mask >> BigInt(bit)) & 1n));
  }
  return available;
}

/** Which capabilities a container asks for. */
export interface CapabilityRequest {
  readonly privileged: boolean;
  readonly add: readonly string[];
  readonly drop: readonly string[];
}

/**
 * The container's capabilities by Docker's rules: the default set or all, without what is dropped, with what is added;
 * `ALL` works in both lists. Those that the engine itself lacks are left out when they come with ALL or privileged, and
 * refused when they are named. Throws InvalidArgument.
 */
export function resolveCapabilities(request: CapabilityRequest): string[] {
  const mine = availableCapabilities();
  if (request.privileged) return [...mine];
  const add = request.add.map((name) => normalise(name, 'CapAdd'));
  const drop = request.drop.map((name) => normalise(name, 'CapDrop'));
  for (const name of add) {
    if (name !== 'ALL' && !mine.has(name)) {
      throw new InvalidArgument(
        `invalid CapAdd: capability not supported by your kernel or not available in the current environment: "${name}"`,
      );
    }
  }
  const base = add.includes('ALL')
    ? [...mine]
    : drop.includes('ALL')
      ? []
      : DEFAULT.filter((name) => mine.has(name));
  const kept = base.filter((name) => !drop.includes(name));
  return [...new Set([...kept, ...add.filter((name) => name !== 'ALL' && !drop.includes(name))])];
}

function normalise(name: string, list: 'CapAdd' | 'CapDrop'): string {
  const upper = name.toUpperCase();
  if (upper === 'ALL') return upper;
  const full = upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
  if (!ALL.includes(full)) throw new InvalidArgument(`invalid ${list}: unknown capability: "${full}"`);
  return full;
}

/** The sets of the process. Only root starts with them in force; other users may gain them through set-uid programs. */
export function processCapabilities(names: string[], uid: number): OciCapabilities {
  const inForce = uid === 0 ? names : [];
  return { bounding: names, effective: inForce, permitted: inForce, inheritable: [], ambient: [] };
}
