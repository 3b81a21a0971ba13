import type { Exit } from '../../network/index.ts';

/** A container's place in one network. */
export interface Endpoint extends Exit {
  readonly networkId: string;
  /** 64 hexadecimal digits, new at each start. */
  readonly endpointId: string;
  /** Further names of the container in this network. */
  readonly aliases: readonly string[];
}

/** What a running container has of networks. Plain data: it is kept in the container's record and given to `restore`. */
export interface Sandbox {
  /** The file that holds the network namespace; undefined in the host's. */
  readonly netnsPath?: string;
  /** In the order of the interfaces; none of a container that shares another one's namespace. */
  readonly endpoints: readonly Endpoint[];
}

/** A running container, at the start of the engine. */
export interface LiveSandbox {
  readonly containerId: string;
  readonly sandbox: Sandbox;
}
