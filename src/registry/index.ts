export { ANONYMOUS, type Credentials, credentialsFrom, decodeCredentials } from './client/credentials.ts';
export { explain, explainPull, explainPush } from './client/explain.ts';
export { RegistryFailure } from './client/failure.ts';
export { login, registryOf } from './client/login.ts';
export { isIndex, type RemoteManifest } from './client/manifests.ts';
export { RegistryClient, type RegistryConfig, type RepositoryOptions } from './client/registry-client.ts';
export { type Action, type BlobPart, Repository } from './client/repository.ts';
export { withRetries } from './client/retry.ts';
export { type SearchOptions, type SearchResult, search } from './client/search.ts';
export {
  type OutgoingBlob,
  putManifest,
  type UploadOptions,
  type UploadResult,
  upload,
} from './client/upload.ts';
export {
  parseConfig as parseRegistrySettings,
  type RegistryConfig as RegistryServerConfig,
  type RegistrySettings,
} from './server/config/schema.ts';
export { type RegistryThread, startRegistryThread } from './server/thread.ts';
