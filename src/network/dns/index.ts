export type { DnsView } from './answer.ts';
export { type NamedEndpoint, Names } from './names.ts';
export { type DnsClient, NAME_SERVER, NameServer } from './server.ts';
export { Forwarder, type Upstream } from './upstream.ts';
