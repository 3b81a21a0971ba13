import { existsSync, readFileSync, rmSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startTime } from './process.ts';

/**
 * The folder of a container while it has processes: the OCI bundle, and the files by which conmon is reached. It lives
 * under the exec root, so a reboot takes it away together with the processes.
 */
export class Bundle {
  readonly folder: string;

  constructor(execRoot: string, id: string) {
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
    await rm(this.folder, { recursive: true, force: true });
  }

  removeSync(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The pid of conmon, or undefined when it was never written. */
  conmonPid(): number | undefined {
    return readPid(this.conmonPidFile);
  }

  /** Whether the container's conmon is there to report its end. */
  conmonAlive(): boolean {
    const pid = this.conmonPid();
    return pid !== undefined && startTime(pid) !== undefined;
  }

  /** The pid of the container's first process on the host, or undefined. */
  pid(): number | undefined {
    return readPid(this.pidFile);
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
