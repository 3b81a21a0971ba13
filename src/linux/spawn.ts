import { closeSync, openSync, writeFileSync } from 'node:fs';
import { check, libc, SyscallError } from './libc.ts';

/** Sizes of glibc's opaque types, on every 64-bit architecture. */
const FILE_ACTIONS_SIZE = 80;
const ATTRIBUTES_SIZE = 336;
const SIGNAL_SET_SIZE = 128;

const POSIX_SPAWN_SETSIGDEF = 0x04;
const POSIX_SPAWN_SETSIGMASK = 0x08;
const POSIX_SPAWN_SETSID = 0x80;
const O_CLOEXEC = 0o2000000;
const WNOHANG = 1;
const SIGNAL_BASE = 128;

const spawnCall = libc.func(
  'int posix_spawn(_Out_ int *pid, const char *path, const uint8_t *actions, const uint8_t *attributes, const char **argv, const char **envp)',
);
const actionsInit = libc.func('int posix_spawn_file_actions_init(uint8_t *actions)');
const actionsDestroy = libc.func('int posix_spawn_file_actions_destroy(uint8_t *actions)');
const addDup2 = libc.func('int posix_spawn_file_actions_adddup2(uint8_t *actions, int fd, int as)');
const addChdir = libc.func('int posix_spawn_file_actions_addchdir_np(uint8_t *actions, const char *path)');
const attributesInit = libc.func('int posix_spawnattr_init(uint8_t *attributes)');
const setFlags = libc.func('int posix_spawnattr_setflags(uint8_t *attributes, short flags)');
const setDefaults = libc.func('int posix_spawnattr_setsigdefault(uint8_t *attributes, const uint8_t *set)');
const setMask = libc.func('int posix_spawnattr_setsigmask(uint8_t *attributes, const uint8_t *set)');
const pipe2 = libc.func('int pipe2(_Out_ int *fds, int flags)');
const waitpidCall = libc.func('int waitpid(int pid, _Out_ int *status, int options)');

/** A process to start. */
export interface SpawnRequest {
  /** Absolute. */
  readonly path: string;
  /** Without the program's own name. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string | undefined;
  /** The process's descriptors 0, 1, 2 and on; undefined is /dev/null. It has no others. */
  readonly fds: ReadonlyArray<number | undefined>;
  /** Its score and that of its children, -1000 to 1000, as proc_pid_oom_score_adj(5) has it; this process's own unless told. */
  readonly oomScoreAdj?: number | undefined;
}

let defaults: Buffer | undefined;

/** A session of its own, no signal ignored or blocked: Node ignores SIGPIPE, which children would inherit. */
function attributes(): Buffer {
  if (defaults === undefined) {
    defaults = Buffer.alloc(ATTRIBUTES_SIZE);
    attributesInit(defaults);
    setFlags(defaults, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
    setDefaults(defaults, Buffer.alloc(SIGNAL_SET_SIZE, 0xff));
    setMask(defaults, Buffer.alloc(SIGNAL_SET_SIZE));
  }
  return defaults;
}

/**
 * Starts a process and gives its pid, which the caller must `reap`. posix_spawn(3) shares the memory until the program is
 * loaded: 0.1 ms, where node:child_process, which copies the engine's page tables, blocks the thread for 3. Throws SyscallError.
 */
export function spawnProcess(request: SpawnRequest): number {
  const actions = Buffer.alloc(FILE_ACTIONS_SIZE);
  actionsInit(actions);
  const nothing = request.fds.includes(undefined) ? openSync('/dev/null', 'r+') : -1;
  try {
    if (request.cwd !== undefined) addChdir(actions, request.cwd);
    for (const [as, fd] of request.fds.entries()) addDup2(actions, fd ?? nothing, as);
    const pid = [0];
    const argv = [request.path, ...request.args, null];
    const envp = [...Object.entries(request.env).map(([name, value]) => `${name}=${value}`), null];
    const error = spawnCall(pid, request.path, actions, attributes(), argv, envp);
    if (error !== 0) throw new SyscallError('posix_spawn', error, request.path);
    if (request.oomScoreAdj !== undefined) setOomScore(pid[0]!, request.oomScoreAdj);
    return pid[0]!;
  } finally {
    actionsDestroy(actions);
    if (nothing >= 0) closeSync(nothing);
  }
}

function setOomScore(pid: number, score: number): void {
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, String(score));
  } catch {
    // It has ended, or the score is below its own, which takes CAP_SYS_RESOURCE: it goes on with that.
  }
}

/** The exit code of a child that has ended, 128 + n after signal n; undefined while it runs. Throws SyscallError (ECHILD). */
export function reap(pid: number): number | undefined {
  const status = [0];
  if (check(waitpidCall(pid, status, WNOHANG), 'waitpid', String(pid)) === 0) return undefined;
  const bits = status[0]!;
  const signal = bits & 0x7f;
  return signal === 0 ? (bits >> 8) & 0xff : SIGNAL_BASE + signal;
}

/** pipe2(2): a pipe whose ends no child inherits by accident. The caller closes both. */
export function openPipe(): { readonly reader: number; readonly writer: number } {
  const fds = [0, 0];
  check(pipe2(fds, O_CLOEXEC), 'pipe2');
  return { reader: fds[0]!, writer: fds[1]! };
}
