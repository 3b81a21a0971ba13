import type { Netlink } from '../../linux/index.ts';
import type { Subnet } from '../address-space.ts';

/** The kinds of networks, by the names that the Engine API gives them. */
export type DriverKind = 'bridge' | 'host' | 'null' | 'macvlan' | 'ipvlan';

/** A container's namespace from inside, while an interface is made. */
export interface Inside {
  /** A socket in the container's namespace. */
  readonly netlink: Netlink;
  /** The namespace, open. */
  readonly netns: number;
  /** The name that the interface shall have: `eth0`. */
  readonly interfaceName: string;
}

export interface ReserveRequest {
  /** 64 hexadecimal digits. */
  readonly endpointId: string;
  /** The user's choices. */
  readonly macAddress?: string | undefined;
  readonly ipv4Address?: string | undefined;
  readonly ipv6Address?: string | undefined;
  /** Further addresses that are valid on the link alone. */
  readonly linkLocal?: readonly string[];
}

/** What a container has in a network. Texts are empty and lengths 0 where a network gives none. */
export interface Attachment {
  readonly ipAddress: string;
  readonly prefixLen: number;
  readonly gateway: string;
  readonly macAddress: string;
  readonly ipv6Address: string;
  readonly ipv6PrefixLen: number;
  readonly ipv6Gateway: string;
  /** The host's end of the container's interface; empty where it has none. */
  readonly hostInterface: string;
  readonly linkLocal?: readonly string[];
  /** The interface itself leads everywhere: the default route needs no gateway. */
  readonly leadsEverywhere?: boolean;
}

export const NO_ATTACHMENT: Attachment = {
  ipAddress: '',
  prefixLen: 0,
  gateway: '',
  macAddress: '',
  ipv6Address: '',
  ipv6PrefixLen: 0,
  ipv6Gateway: '',
  hostInterface: '',
};

/** One network, done by one kind. The calls for containers are synchronous. */
export interface Driver {
  readonly kind: DriverKind;
  /** Whether containers get a namespace of their own; else they are in the host's and `connect` is not called. */
  readonly ownNamespace: boolean;
  readonly subnets: readonly Subnet[];
  /** The driver's options as the Engine API shows them. */
  readonly options: Readonly<Record<string, string>>;

  /** Decides what a container will have, and keeps it for this container. Touches nothing on the host. */
  reserve(request: ReserveRequest): Attachment;

  /**
   * Makes the interface that was decided on, with its addresses and without routes. Runs with the thread in the container's
   * namespace. When it fails, `disconnect` undoes it.
   */
  connect(inside: Inside, attachment: Attachment, containerId: string): void;

  /** Takes back what `reserve` and `connect` gave: no packet passes when this returns. Doing it twice is no error. */
  disconnect(attachment: Attachment): void;

  /** Takes up again what a container had before the engine was started. */
  adopt(attachment: Attachment): void;

  /** Undoes what opening the network did on the host. No container may be connected. */
  remove(): Promise<void>;
}
