import { Conflict } from '../../api/index.ts';
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

/** Where the modes of the host config lead. Throws NotFound, and Conflict when the other container does not run. */
export function sharedNamespaces(parts: ContainerParts, { record }: Container): SharedNamespaces {
  const { PidMode, IpcMode, UTSMode, CgroupnsMode } = record.hostConfig;
  const ipcOwner = ownerOf(parts, IpcMode);
  const pidOwner = ownerOf(parts, PidMode);
  return {
    namespaces: {
      ...place('pid', PidMode, pidOwner),
      ...place('ipc', IpcMode, ipcOwner),
      ...place('uts', UTSMode),
      ...place('cgroup', CgroupnsMode),
    },
    shm: IpcMode === 'host' ? '/dev/shm' : ipcOwner && `/proc/${ipcOwner.state.pid}/root/dev/shm`,
  };
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
