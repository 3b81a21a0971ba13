import { Conflict, InvalidArgument } from '../../api/index.ts';
import type { SpecInput } from '../../runtime/index.ts';
import type { Container } from './container.ts';
import type { ContainerParts } from './parts.ts';
import { isRunning } from './record.ts';

/** The namespaces that a container does not have for itself, the network's aside. */
export interface SharedNamespaces {
  readonly namespaces: SpecInput['namespaces'];
  /** The /dev/shm that goes with a shared IPC namespace. */
  readonly shm?: string | undefined;
}

/**
 * Where the modes of the host config lead. Throws NotFound, Conflict when the other container does not run, and
 * InvalidArgument when it does not share.
 */
export function sharedNamespaces(parts: ContainerParts, container: Container): SharedNamespaces {
  const { PidMode, IpcMode, UTSMode, CgroupnsMode } = container.record.hostConfig;
  const ipcOwner = ownerOf(parts, IpcMode);
  const pidOwner = ownerOf(parts, PidMode);
  if (ipcOwner !== undefined && !['shareable', 'host'].includes(ipcOwner.record.hostConfig.IpcMode)) {
    throw new InvalidArgument(
      `cannot join IPC of a container that does not share it: ${ipcOwner.name}: make it with --ipc shareable`,
    );
  }
  return {
    namespaces: {
      ...place('pid', PidMode, pidOwner),
      ...place('ipc', IpcMode, ipcOwner),
      ...place('uts', UTSMode),
      ...place('cgroup', CgroupnsMode),
    },
    shm: sharedMemory(ipcOwner ?? container),
  };
}

function sharedMemory({ record, bundle }: Container): string | undefined {
  const { IpcMode } = record.hostConfig;
  if (IpcMode === 'host') return '/dev/shm';
  if (IpcMode === 'shareable') return bundle.sharedMemory;
  return undefined;
}

function place(
  type: 'pid' | 'ipc' | 'uts' | 'cgroup',
  mode: string,
  owner?: Container,
): SpecInput['namespaces'] {
  if (mode === 'host') return { [type]: 'host' };
  return owner === undefined ? {} : { [type]: `/proc/${owner.state.pid}/ns/${type}` };
}

/** The running container that a mode of the form `container:<name or ID>` means. */
function ownerOf(parts: ContainerParts, mode: string): Container | undefined {
  if (!mode.startsWith('container:')) return undefined;
  const owner = parts.store.get(mode.slice('container:'.length));
  if (isRunning(owner.state)) return owner;
  throw new Conflict(
    `cannot join the namespace of container ${owner.name}: container ${owner.id} is not running: start it first`,
  );
}
