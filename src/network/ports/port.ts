export type Protocol = 'tcp' | 'udp' | 'sctp';

/** IPPROTO. */
export const PROTOCOL_NUMBERS: Readonly<Record<Protocol, number>> = { tcp: 6, udp: 17, sctp: 132 };

/** A container's port that shall be reached by the host's. */
export interface PortWish {
  readonly protocol: Protocol;
  /** The container's. */
  readonly port: number;
  /** An address of the host; empty for the default ones. */
  readonly hostAddress: string;
  /** The ports of the host that will do, lowest first; undefined for any. */
  readonly hostPorts: { readonly first: number; readonly last: number } | undefined;
}

/** A port of the host that belongs to a container. Plain data: it is kept in the container's record. */
export interface PublishedPort {
  readonly protocol: Protocol;
  readonly port: number;
  /** `0.0.0.0` and `::` for every address of the family. */
  readonly hostAddress: string;
  readonly hostPort: number;
}

/** `0.0.0.0:80`, `[::]:80`. */
export function hostText({ hostAddress, hostPort }: Pick<PublishedPort, 'hostAddress' | 'hostPort'>): string {
  return `${hostAddress.includes(':') ? `[${hostAddress}]` : hostAddress}:${hostPort}`;
}

/** Whether two ports of the host cannot both be had. */
export function collide(one: PublishedPort, other: PublishedPort): boolean {
  if (one.protocol !== other.protocol || one.hostPort !== other.hostPort) return false;
  if (one.hostAddress.includes(':') !== other.hostAddress.includes(':')) return false;
  return one.hostAddress === other.hostAddress || isAny(one.hostAddress) || isAny(other.hostAddress);
}

/** Whether an address stands for all of its family. */
export function isAny(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}
