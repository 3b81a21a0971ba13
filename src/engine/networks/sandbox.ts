import type { Attachment } from '../../network/index.ts';

/** A container's place in one network. */
export interface Endpoint extends Attachment {
  readonly networkName: string;
  readonly networkId: string;
  /** 64 hexadecimal digits, new at each start. */
  readonly endpointId: string;
}

/** What a running container has of networks. Plain data: it is kept in the container's record and given to `restore`. */
export interface Sandbox {
  /** The file that holds the network namespace; undefined in the host's. */
  readonly netnsPath?: string;
  readonly endpoint?: Endpoint;
}

/** A running container, at the start of the engine. */
export interface LiveSandbox {
  readonly containerId: string;
  readonly sandbox: Sandbox;
}
