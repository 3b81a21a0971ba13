import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MS_NODEV, MS_NOEXEC, MS_NOSUID, mount, umountIfMounted } from '../linux/index.ts';
import { startTime } from './process.ts';

const SOCKET_NAME = 16;
/** In the names of folders beside places, which are never mounted on. */
export const SCRATCH = '.scratch-';

/**
 * The folder of a container while it has processes: the OCI bundle, and the files by which conmon is reached. It lives
 * under the exec root, so a reboot takes it away together with the processes.
 */
export class Bundle {
  readonly folder: string;
  readonly #execRoot: string;

  constructor(execRoot: string, id: string) {
    this.#execRoot = execRoot;
    this.folder = join(execRoot, 'bundles', id);
  }

  /** The OCI specification. */
  get spec(): string {
    return join(this.folder, 'config.json');
  }

  /** conmon's SOCK_SEQPACKET socket: output, and input back. */
  get attachSocket(): string {
    return join(this.folder, 'attach');
  }

  /** conmon's FIFO for window sizes and log rotation. */
  get control(): string {
    return join(this.folder, 'ctl');
  }

  /** The /dev/shm of a container that shares it with others. */
  get sharedMemory(): string {
    return join(this.folder, 'shm');
  }

  /** Mounts `sharedMemory`, outside of the container so that others can be given it too. Removing the bundle unmounts it. */
  mountSharedMemory(bytes: number): void {
    mkdirSync(this.sharedMemory);
    const flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
    mount('shm', this.sharedMemory, 'tmpfs', flags, `mode=1777,size=${bytes}`);
  }

  /**
   * A new folder, or an empty file, on which the caller mounts something that the container is to mount in its turn. Removing the
   * bundle unmounts it.
   */
  mountPlace(name: string, isFolder = true): string {
    mkdirSync(this.#places, { recursive: true, mode: 0o700 });
    const place = join(this.#places, name);
    if (isFolder) mkdirSync(place);
    else writeFileSync(place, '', { flag: 'wx' });
    return place;
  }

  /** A place that `mountPlace` gave. */
  placeOf(name: string): string {
    return join(this.#places, name);
  }

  /** A socket over which a runtime sends the terminal of an exec. Its path must be short: see unix(7). */
  terminalSocket(execId: string): string {
    const folder = join(this.#execRoot, 'tty');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return join(folder, execId.slice(0, SOCKET_NAME));
  }

  get pidFile(): string {
    return join(this.folder, 'pid');
  }

  get conmonPidFile(): string {
    return join(this.folder, 'conmon.pid');
  }

  exists(): boolean {
    return existsSync(this.folder);
  }

  async create(): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
  }

  async remove(): Promise<void> {
    this.#unmount();
    await rm(this.folder, { recursive: true, force: true });
  }

  removeSync(): void {
    this.#unmount();
    rmSync(this.folder, { recursive: true, force: true });
  }

  get #places(): string {
    return join(this.folder, 'mounts');
  }

  /** Places go one by one, in a way that fails where something is still mounted: what is in it is not the engine's to delete. */
  #unmount(): void {
    umountIfMounted(this.sharedMemory);
    if (!existsSync(this.#places)) return;
    for (const entry of readdirSync(this.#places, { withFileTypes: true })) {
      const place = this.placeOf(entry.name);
      if (entry.name.includes(SCRATCH)) {
        rmSync(place, { recursive: true });
        continue;
      }
      umountIfMounted(place);
      if (entry.isDirectory()) rmdirSync(place);
      else unlinkSync(place);
    }
  }

  /** The pid of conmon, or undefined when it was never written. */
  conmonPid(): number | undefined {
    return readPid(this.conmonPidFile);
  }

  /**
   * Whether the container's conmon is there to report its end. One that is gone has left the exit code before. A pid alone
   * says little, for after a reboot it may be anybody's.
   */
  conmonAlive(): boolean {
    const pid = this.conmonPid();
    return pid !== undefined && startTime(pid) !== undefined && commandLine(pid).includes(this.folder);
  }

  /** The pid of the container's first process on the host, or undefined. */
  pid(): number | undefined {
    return readPid(this.pidFile);
  }
}

function commandLine(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

function readPid(path: string): number | undefined {
  try {
    const pid = Number(readFileSync(path, 'utf8'));
    return Number.isInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}
