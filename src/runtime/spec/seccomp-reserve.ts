import type { Profile } from './seccomp.ts';

type Rule = Profile['syscalls'][number];

const EPERM = 1;
const ENOSYS = 38;
/** A condition that asks for nothing. */
const ALWAYS: Rule['includes'] = { caps: [], arches: [] };

/**
 * System calls with which containers are made within containers. Debian's profile lets everybody make them; dockerd lets
 * only those who have the capability, since most ways out of a container have led through them. By capability.
 */
const RESERVED: Readonly<Record<string, readonly string[]>> = {
  CAP_SYS_ADMIN: [
    ...['fsconfig', 'fsmount', 'fsopen', 'fspick', 'keyctl', 'mount', 'mount_setattr', 'move_mount'],
    ...['name_to_handle_at', 'open_tree', 'pivot_root', 'setns', 'umount', 'umount2', 'unshare'],
  ],
  CAP_SYSLOG: ['syslog'],
  CAP_SYS_BOOT: ['reboot'],
  CAP_SYS_NICE: ['get_mempolicy', 'mbind', 'set_mempolicy'],
};

/** CLONE_NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET and NEWNS, see clone(2). */
const NAMESPACE_FLAGS = [0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000, 0x20000];
const ALL_NAMESPACE_FLAGS = NAMESPACE_FLAGS.reduce((all, flag) => all + flag);

/** A profile under which new namespaces, mounts and the like take the capability that dockerd asks for. */
export function reserve(profile: Profile): Profile {
  const reserved = new Set([...Object.values(RESERVED).flat(), 'clone', 'clone3']);
  const others = profile.syscalls.map((rule) =>
    isForEverybody(rule) ? { ...rule, names: rule.names.filter((name) => !reserved.has(name)) } : rule,
  );
  const guarded = Object.entries(RESERVED).flatMap(([capability, names]) => [
    allow(names, withCapability(capability)),
    refuse(names, EPERM, withCapability(capability)),
  ]);
  return { ...profile, syscalls: [...others, ...guarded, ...cloneRules()] };
}

function isForEverybody({ action, includes, excludes }: Rule): boolean {
  return action === 'SCMP_ACT_ALLOW' && !includes.caps?.length && !excludes.caps?.length;
}

/** Threads and processes are anybody's, new namespaces are not. */
function cloneRules(): Rule[] {
  const admin = withCapability('CAP_SYS_ADMIN');
  const flags = (mask: number, value: number) => [
    { index: 0, op: 'SCMP_CMP_MASKED_EQ', value: mask, valueTwo: value },
  ];
  return [
    allow(['clone', 'clone3'], admin),
    { ...allow(['clone'], ALWAYS), excludes: admin, args: flags(ALL_NAMESPACE_FLAGS, 0) },
    ...NAMESPACE_FLAGS.map((flag) => ({ ...refuse(['clone'], EPERM, admin), args: flags(flag, flag) })),
    // A filter cannot look into its arguments, which lie in memory; the C library falls back to clone.
    refuse(['clone3'], ENOSYS, admin),
  ];
}

function withCapability(name: string): Rule['includes'] {
  return { caps: [name], arches: [] };
}

/** Lets those make the calls who fulfil the condition. */
function allow(names: readonly string[], includes: Rule['includes']): Rule {
  return { names: [...names], action: 'SCMP_ACT_ALLOW', includes, excludes: ALWAYS };
}

/** Refuses the calls to all others. */
function refuse(names: readonly string[], errnoRet: number, excludes: Rule['excludes']): Rule {
  return { names: [...names], action: 'SCMP_ACT_ERRNO', errnoRet, includes: ALWAYS, excludes };
}
