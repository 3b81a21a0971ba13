import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import {
  Conflict,
  type CreateExecRequest,
  frame,
  InvalidArgument,
  NotFound,
  STDOUT,
  type StartExecRequest,
} from '../../api/index.ts';
import {
  type ExecEnd,
  ExecProcess,
  environment,
  type OciProcess,
  processCapabilities,
  resolveCapabilities,
  resolveUser,
  rlimits,
} from '../../runtime/index.ts';
import { splice } from './attach.ts';
import type { Container } from './container.ts';
import { DEFAULT_DETACH_KEYS, parseDetachKeys } from './detach-keys.ts';
import type { ContainerParts } from './parts.ts';
import { isRunning } from './record.ts';

/** How long an exec that has ended can still be inspected. */
const KEPT_MS = 5 * 60_000;

/** Marks the files of the engine's own execs, which no other engine has a use for. */
export const OWN_PREFIX = 'own-';

/** A process that runs, ran or is to run in a container besides its own. Kept in memory: it does not outlive the engine. */
interface Exec {
  readonly id: string;
  readonly container: Container;
  readonly request: CreateExecRequest;
  /** While it runs. */
  process?: ExecProcess | undefined;
  running: boolean;
  /** Nobody will ask for it after its end. */
  brief?: boolean;
  exitCode: number | null;
  /** Milliseconds since 1970, once it has ended. */
  keptUntil?: number;
}

/** The execs of all containers. */
export class Execs {
  readonly #parts: ContainerParts;
  readonly #all = new Map<string, Exec>();
  /** Containers at whose removal their execs will be forgotten. */
  readonly #watched = new WeakSet<Container>();

  constructor(parts: ContainerParts) {
    this.#parts = parts;
  }

  /** Prepares an exec and gives its ID. Throws Conflict, InvalidArgument. */
  create(container: Container, request: CreateExecRequest): string {
    if (container.state.status === 'paused') {
      throw new Conflict(`Container ${container.name} is paused, unpause the container before exec`);
    }
    if (!isRunning(container.state)) throw new Conflict(`container ${container.id} is not running`);
    if (request.Cmd.length === 0) throw new InvalidArgument('No exec command specified');
    parseDetachKeys(request.DetachKeys || DEFAULT_DETACH_KEYS);
    resolveUser(container.files.rootfs, request.User || container.record.config.User, []);
    this.#forgetOld();
    const id = randomBytes(32).toString('hex');
    this.#all.set(id, { id, container, request, running: false, exitCode: null });
    this.#publish(this.#all.get(id)!, 'exec_create');
    this.#forgetWith(container);
    return id;
  }

  /** What `inspect` shows of a container: those that have not ended. */
  idsOf(container: Container): string[] | null {
    const ids = [...this.#all.values()]
      .filter((exec) => exec.container === container && (exec.running || exec.exitCode === null))
      .map(({ id }) => id);
    return ids.length > 0 ? ids : null;
  }

  /** Throws what would be too late to say once the connection has been taken over: NotFound, Conflict. */
  checkStart(id: string, request: StartExecRequest): { readonly tty: boolean; readonly detach: boolean } {
    const exec = this.#get(id);
    if (exec.running) throw new Conflict(`exec command ${id} is already running`);
    if (exec.exitCode !== null) throw new Conflict(`exec command ${id} has already run`);
    if (!isRunning(exec.container.state)) throw new Conflict(`container ${exec.container.id} is not running`);
    return { tty: exec.request.Tty, detach: request.Detach };
  }

  /**
   * Starts an exec whose streams go to `client`, which is told there when it cannot run, or to nobody: then the promise
   * waits until it runs. Throws as `checkStart`, and StartFailed.
   */
  async start(id: string, request: StartExecRequest, client: Duplex | undefined): Promise<void> {
    this.checkStart(id, request);
    const exec = this.#get(id);
    const process = this.#begin(exec, request, client !== undefined);
    if (client === undefined) {
      process.output.resume();
      await process.begun();
      const failure = process.pid === 0 ? (await process.ended).failure : undefined;
      if (failure !== undefined) throw failure;
      return;
    }
    client.on('error', () => client.destroy());
    splice({
      client,
      output: process.output,
      input: process.input,
      detachKeys: exec.request.Tty ? exec.request.DetachKeys || DEFAULT_DETACH_KEYS : undefined,
      detached: () => this.#publish(exec, 'exec_detach'),
    });
  }

  /**
   * Runs a command of the engine's own, whose output the caller must read: frames, with an end soon after that of the
   * process. Throws Conflict.
   */
  run(container: Container, command: readonly string[]): ExecProcess {
    const id = this.create(container, {
      Cmd: [...command],
      AttachStdin: false,
      AttachStdout: true,
      AttachStderr: true,
      DetachKeys: '',
      Tty: false,
      Env: [],
      Privileged: false,
      User: '',
      WorkingDir: '',
      ConsoleSize: undefined,
    });
    const exec = this.#get(id);
    exec.brief = true;
    try {
      return this.#begin(exec, { Detach: false, Tty: false, ConsoleSize: undefined }, true);
    } catch (error) {
      this.#all.delete(id);
      throw error;
    }
  }

  /** Throws NotFound, Conflict, InvalidArgument. */
  resize(id: string, rows: number, columns: number): void {
    const exec = this.#get(id);
    if (!exec.running) throw new Conflict(`exec ${id} is not running`);
    exec.process?.resize(rows, columns);
  }

  /** The exec in the Engine API's shape. Throws NotFound. */
  inspect(id: string): Record<string, unknown> {
    const { request, container, running, exitCode, process } = this.#get(id);
    const [entrypoint = '', ...words] = request.Cmd;
    return {
      ID: id,
      Running: running,
      ExitCode: exitCode,
      ProcessConfig: {
        tty: request.Tty,
        entrypoint,
        arguments: words,
        privileged: request.Privileged,
        ...(request.User !== '' && { user: request.User }),
      },
      OpenStdin: request.AttachStdin,
      OpenStderr: request.AttachStderr,
      OpenStdout: request.AttachStdout,
      CanRemove: exitCode !== null,
      ContainerID: container.id,
      DetachKeys: request.DetachKeys,
      Pid: process === undefined || !running ? 0 : process.pid,
    };
  }

  #get(id: string): Exec {
    const exec = this.#all.get(id);
    if (exec === undefined) throw new NotFound(`No such exec instance: ${id}`);
    return exec;
  }

  #begin(exec: Exec, request: StartExecRequest, attached: boolean): ExecProcess {
    const process = this.#spawn(exec, request, attached);
    exec.process = process;
    exec.running = true;
    this.#publish(exec, 'exec_start');
    void process.ended.then((end) => this.#ended(exec, process, end));
    return process;
  }

  #spawn(exec: Exec, start: StartExecRequest, attached: boolean): ExecProcess {
    const { container, request } = exec;
    return new ExecProcess({
      id: exec.brief ? `${OWN_PREFIX}${exec.id}` : exec.id,
      containerId: container.id,
      bundle: container.bundle,
      runtime: this.#parts.runtimeOf(container),
      process: processOf(
        this.#parts,
        container,
        request,
        start.ConsoleSize ?? request.ConsoleSize ?? undefined,
      ),
      stdin: attached && request.AttachStdin,
      stdout: attached && request.AttachStdout,
      stderr: attached && request.AttachStderr,
      relay: this.#parts.relay,
    });
  }

  #ended(exec: Exec, process: ExecProcess, end: ExecEnd): void {
    exec.running = false;
    exec.exitCode = end.exitCode;
    // Its streams and their buffers are worth more memory than everything else about it.
    exec.process = undefined;
    this.#publish(exec, 'exec_die', { exitCode: String(end.exitCode) });
    exec.keptUntil = Date.now() + KEPT_MS;
    if (exec.brief) this.#all.delete(exec.id);
    const text = end.failure && Buffer.from(`${end.failure.message}\r\n`);
    void process.close(text && (exec.request.Tty ? text : frame(STDOUT, text)));
  }

  #forgetOld(): void {
    const now = Date.now();
    for (const { id, keptUntil } of this.#all.values()) {
      if (keptUntil !== undefined && keptUntil < now) this.#all.delete(id);
    }
  }

  /** Sees to it that a container's execs go when it goes, those that were never started included. */
  #forgetWith(container: Container): void {
    if (this.#watched.has(container)) return;
    this.#watched.add(container);
    void container.removal.then(() => {
      for (const [id, exec] of this.#all) if (exec.container === container) this.#all.delete(id);
    });
  }

  #publish(exec: Exec, action: string, attributes: Record<string, string> = {}): void {
    const command =
      action === 'exec_die' || action === 'exec_detach' ? '' : `: ${exec.request.Cmd.join(' ')}`;
    this.#parts.publish(exec.container, `${action}${command}`, { ...attributes, execID: exec.id });
  }
}

/** The container's own process, with another command and what the exec changes about it. */
function processOf(
  parts: ContainerParts,
  container: Container,
  request: CreateExecRequest,
  size: readonly [number, number] | undefined,
): OciProcess {
  const { config, hostConfig } = container.record;
  const { ids: user, home } = resolveUser(
    container.files.rootfs,
    request.User || config.User,
    hostConfig.GroupAdd,
  );
  const capabilities = resolveCapabilities({
    privileged: request.Privileged || hostConfig.Privileged,
    add: hostConfig.CapAdd,
    drop: hostConfig.CapDrop,
  });
  const security = parts.security.options(hostConfig);
  return {
    terminal: request.Tty,
    user,
    args: request.Cmd,
    env: environment({ ...config, Tty: request.Tty, Env: [...config.Env, ...request.Env] }, home),
    cwd: request.WorkingDir || config.WorkingDir || '/',
    capabilities: processCapabilities(capabilities, user.uid),
    // What had to be lowered was said when the container started.
    rlimits: rlimits(hostConfig.Ulimits, parts.hardLimits, () => {}),
    noNewPrivileges: security.noNewPrivileges,
    ...(security.apparmor !== undefined && { apparmorProfile: security.apparmor }),
    oomScoreAdj: Math.max(hostConfig.OomScoreAdj, parts.lowestOomScore),
    ...(size && { consoleSize: { height: size[0], width: size[1] } }),
  };
}
