export type { HostFiles, HostFilesRequest } from './host-files.ts';
export type { Endpoint, LiveSandbox, Sandbox } from './sandbox.ts';
export { type AttachHints, type NetworkMode, NetworkService, type NetworkServiceParts } from './service.ts';
