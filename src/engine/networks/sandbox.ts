import type { DnsSettings, Exit, PublishedPort } from '../../network/index.ts';

/** A container's place in one network. */
export interface Endpoint extends Exit {
  readonly networkId: string;
  /** 64 hexadecimal digits, new at each start. */
  readonly endpointId: string;
  /** Further names of the container in this network. */
  readonly aliases: readonly string[];
  /** Names that this container alone has for others in the network, as `NAME:ALIAS`. */
  readonly links?: readonly string[];
}

/** What a running container has of networks. Plain data: it is kept in the container's record and given to `restore`. */
export interface Sandbox {
  /** The file that holds the network namespace; undefined in the host's. */
  readonly netnsPath?: string;
  /** In the order of the interfaces; none of a container that shares another one's namespace. */
  readonly endpoints: readonly Endpoint[];
  /** The ports of the host that lead to it. */
  readonly ports?: readonly PublishedPort[];
}

/** What a container is called, and what it says about name servers. */
export interface Naming {
  /** The names that it has in each of its networks; a reverse look-up gives the first. */
  readonly names: readonly string[];
  readonly dns: DnsSettings;
}

/** A running container, at the start of the engine. */
export interface LiveSandbox {
  readonly naming?: Naming;
  readonly containerId: string;
  readonly sandbox: Sandbox;
}
