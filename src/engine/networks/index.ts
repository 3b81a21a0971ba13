export type { EndpointWish } from './attachments.ts';
export { NETWORK_FILTERS, NETWORK_PRUNE_FILTERS } from './filter.ts';
export type { HostFiles, HostFilesRequest } from './host-files.ts';
export type { Endpoint, LiveSandbox, Naming, Sandbox } from './sandbox.ts';
export { NetworkService, type NetworkServiceParts } from './service.ts';
export { PREDEFINED as PREDEFINED_NETWORKS } from './store.ts';
