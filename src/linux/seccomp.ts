import { closeSync, fstatSync, readSync } from 'node:fs';
import koffi from 'koffi';
import { check, libc, SyscallError } from './libc.ts';

/** One comparison of an argument: `valueTwo` is the other half of a masked one. See seccomp_rule_add(3). */
export interface SeccompComparison {
  readonly index: number;
  readonly op: string;
  readonly value: number;
  readonly valueTwo?: number | undefined;
}

/** Rules as the OCI runtime specification words them, with every condition on the container already decided. */
export interface SeccompRules {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number | undefined;
  readonly architectures?: readonly string[] | undefined;
  readonly syscalls: ReadonlyArray<{
    readonly names: readonly string[];
    readonly action: string;
    readonly errnoRet?: number | undefined;
    readonly args?: readonly SeccompComparison[] | undefined;
  }>;
}

const EPERM = 1;
const ERRNO_MASK = 0xffff;
/** Actions of seccomp(2), by the names of the OCI specification. ERRNO and TRACE carry a number in their low half. */
const ACTIONS: Readonly<Record<string, number>> = {
  SCMP_ACT_KILL: 0x00000000,
  SCMP_ACT_KILL_THREAD: 0x00000000,
  SCMP_ACT_KILL_PROCESS: 0x80000000,
  SCMP_ACT_TRAP: 0x00030000,
  SCMP_ACT_ERRNO: 0x00050000,
  SCMP_ACT_TRACE: 0x7ff00000,
  SCMP_ACT_LOG: 0x7ffc0000,
  SCMP_ACT_ALLOW: 0x7fff0000,
};
const WITH_NUMBER = new Set(['SCMP_ACT_ERRNO', 'SCMP_ACT_TRACE']);
const OPERATORS = [
  '',
  'SCMP_CMP_NE',
  'SCMP_CMP_LT',
  'SCMP_CMP_LE',
  'SCMP_CMP_EQ',
  'SCMP_CMP_GE',
  'SCMP_CMP_GT',
  'SCMP_CMP_MASKED_EQ',
];
const COMPARISON_SIZE = 24;
const UNKNOWN_SYSCALL = -1;
const EEXIST = 17;
const MFD_CLOEXEC = 1;
/** The attribute for how the filter is laid out; 2 is a tree over the calls' numbers instead of a list. */
const ATTRIBUTE_OPTIMIZE = 8;
const OPTIMIZE_TREE = 2;

interface Calls {
  init(action: number): unknown;
  release(filter: unknown): void;
  archResolve(name: string): number;
  archAdd(filter: unknown, architecture: number): number;
  syscallResolve(name: string): number;
  ruleAdd(filter: unknown, action: number, call: number, count: number, comparisons: Buffer): number;
  attributeSet(filter: unknown, attribute: number, value: number): number;
  exportBpf(filter: unknown, fd: number): number;
}

let calls: Calls | undefined;

/** libseccomp comes with crun, which is linked with it; loaded at first use since few processes compile filters. */
function libseccomp(): Calls {
  if (calls === undefined) {
    const library = koffi.load('libseccomp.so.2');
    calls = {
      init: library.func('void *seccomp_init(uint32_t action)'),
      release: library.func('void seccomp_release(void *filter)'),
      archResolve: library.func('uint32_t seccomp_arch_resolve_name(const char *name)'),
      archAdd: library.func('int seccomp_arch_add(void *filter, uint32_t architecture)'),
      syscallResolve: library.func('int seccomp_syscall_resolve_name(const char *name)'),
      ruleAdd: library.func(
        'int seccomp_rule_add_array(void *filter, uint32_t action, int call, unsigned int count, const uint8_t *comparisons)',
      ),
      attributeSet: library.func('int seccomp_attr_set(void *filter, int attribute, uint32_t value)'),
      exportBpf: library.func('int seccomp_export_bpf(void *filter, int fd)'),
    };
  }
  return calls;
}

const memfdCreate = libc.func('int memfd_create(const char *name, unsigned int flags)');

/**
 * Compiles rules into the program that seccomp(2) takes, as an OCI runtime would do at each start: 15 ms that need be spent
 * only once. System calls that this machine's libseccomp does not know are left out, as runtimes leave them out.
 * Throws SyscallError, and Error when libseccomp is not installed.
 */
export function compileSeccomp(rules: SeccompRules): Buffer {
  const library = libseccomp();
  const filter = library.init(actionOf(rules.defaultAction, rules.defaultErrnoRet));
  if (filter === null) throw new SyscallError('seccomp_init', EPERM);
  try {
    library.attributeSet(filter, ATTRIBUTE_OPTIMIZE, OPTIMIZE_TREE);
    for (const name of rules.architectures ?? []) addArchitecture(library, filter, name);
    for (const rule of rules.syscalls) addRule(library, filter, rules, rule);
    return exported(library, filter);
  } finally {
    library.release(filter);
  }
}

function addArchitecture(library: Calls, filter: unknown, name: string): void {
  const token = library.archResolve(name.replace(/^SCMP_ARCH_/, '').toLowerCase());
  const result = token === 0 ? 0 : library.archAdd(filter, token);
  // The machine's own architecture is in every filter from the start.
  if (result < 0 && result !== -EEXIST) throw new SyscallError('seccomp_arch_add', -result, name);
}

function addRule(
  library: Calls,
  filter: unknown,
  rules: SeccompRules,
  rule: SeccompRules['syscalls'][number],
): void {
  const action = actionOf(rule.action, rule.errnoRet);
  // What the filter does anyway needs no rule, and libseccomp refuses it.
  if (action === actionOf(rules.defaultAction, rules.defaultErrnoRet)) return;
  for (const name of rule.names) {
    const call = library.syscallResolve(name);
    if (call === UNKNOWN_SYSCALL) continue;
    for (const comparisons of alternatives(rule.args ?? [])) {
      const result = library.ruleAdd(filter, action, call, comparisons.length, packed(comparisons));
      if (result < 0) throw new SyscallError('seccomp_rule_add', -result, name);
    }
  }
}

/** A rule compares each argument once: several comparisons of one argument are rules of their own. */
function alternatives(args: readonly SeccompComparison[]): ReadonlyArray<readonly SeccompComparison[]> {
  const indexes = new Set(args.map(({ index }) => index));
  return indexes.size === args.length ? [args] : args.map((comparison) => [comparison]);
}

/** An array of struct scmp_arg_cmp. */
function packed(comparisons: readonly SeccompComparison[]): Buffer {
  const bytes = Buffer.alloc(COMPARISON_SIZE * comparisons.length);
  for (const [at, { index, op, value, valueTwo }] of comparisons.entries()) {
    const base = at * COMPARISON_SIZE;
    bytes.writeUInt32LE(index, base);
    bytes.writeUInt32LE(Math.max(0, OPERATORS.indexOf(op)), base + 4);
    bytes.writeBigUInt64LE(BigInt(value), base + 8);
    bytes.writeBigUInt64LE(BigInt(valueTwo ?? 0), base + 16);
  }
  return bytes;
}

function actionOf(name: string, number: number | undefined): number {
  const action = ACTIONS[name];
  if (action === undefined) throw new SyscallError(`seccomp action ${name}`, EPERM);
  return WITH_NUMBER.has(name) ? (action | ((number ?? EPERM) & ERRNO_MASK)) >>> 0 : action;
}

function exported(library: Calls, filter: unknown): Buffer {
  const fd = check(memfdCreate('seccomp', MFD_CLOEXEC), 'memfd_create');
  try {
    const result = library.exportBpf(filter, fd);
    if (result < 0) throw new SyscallError('seccomp_export_bpf', -result);
    const program = Buffer.alloc(fstatSync(fd).size);
    readSync(fd, program, 0, program.length, 0);
    return program;
  } finally {
    closeSync(fd);
  }
}
