import { type ContainerConfig, type HostConfig, type NetworkingConfig, ZERO_TIME } from '../../api/index.ts';
import type { Sandbox } from '../networks/index.ts';
import type { MountPoint } from './mounts/point.ts';

/** Docker's words for where a container is in its life. */
export type Status = 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';

/** What a user asked for. Changes only through the user. */
export interface ContainerRecord {
  /** 64 hexadecimal digits. */
  readonly id: string;
  /** Without the leading slash that the API shows. */
  readonly name: string;
  /** RFC 3339 with nanoseconds. */
  readonly created: string;
  /** Digest of the image's config. */
  readonly imageId: string;
  /** The container's config over that of its image. */
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  readonly networkingConfig: NetworkingConfig;
  /** What is mounted into it, as it was settled when it was made: each path once. */
  readonly mounts: readonly MountPoint[];
}

/** How one probe of a container's health went, in the words of `inspect`. */
export interface HealthResult {
  /** RFC 3339 with nanoseconds. */
  readonly Start: string;
  readonly End: string;
  /** 0 healthy, 1 and others unhealthy, -1 when the probe did not come to its end. */
  readonly ExitCode: number;
  readonly Output: string;
}

/** What the probes have found out. */
export interface HealthState {
  readonly status: 'starting' | 'healthy' | 'unhealthy';
  readonly failingStreak: number;
  /** The last five, oldest first. */
  readonly log: readonly HealthResult[];
}

/** Where the container is now, and what its processes hold while it has some. Kept across the engine's death. */
export interface ContainerState {
  readonly status: Status;
  /** The first process on the host; 0 without one. */
  readonly pid: number;
  /** With the pid, names the process for good: see proc_pid_stat(5), field 22. */
  readonly pidStart?: number | undefined;
  readonly exitCode: number;
  /** Why the last start failed. */
  readonly error: string;
  readonly oomKilled: boolean;
  readonly startedAt: string;
  readonly finishedAt: string;
  /** How often the restart policy has started it again since a user did. */
  readonly restartCount: number;
  /** The last thing a user did to it was to stop or kill it. */
  readonly stoppedByUser: boolean;
  /** As `stoppedByUser`, in a way that ends restart policies too: see `kill`. */
  readonly restartsCancelled: boolean;
  /** It is paused because the engine copies its files, and not because a user wants it. */
  readonly frozen?: boolean | undefined;
  /** Of a container with a health check, from its first start. */
  readonly health?: HealthState | undefined;
  /** Network namespace and endpoint of the running container. */
  readonly sandbox?: Sandbox | undefined;
}

export const INITIAL_STATE: ContainerState = {
  status: 'created',
  pid: 0,
  exitCode: 0,
  error: '',
  oomKilled: false,
  startedAt: ZERO_TIME,
  finishedAt: ZERO_TIME,
  restartCount: 0,
  stoppedByUser: false,
  restartsCancelled: false,
};

/** `startedAt` of a container that never ran. */
export const ZERO_START = ZERO_TIME;

/** Docker's `Running`: the container has a process, or waits to get its next one. */
export function isUp(state: ContainerState): boolean {
  return isRunning(state) || state.status === 'restarting';
}

/** Whether the container has a process, be it frozen. One that waits for its restart has none. */
export function isRunning(state: ContainerState): boolean {
  return state.status === 'running' || state.status === 'paused';
}
