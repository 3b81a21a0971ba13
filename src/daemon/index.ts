export type { RequestContext } from './server/context.ts';
export { type Handler, Router } from './server/router.ts';
export type { ProgressStream, ResponseStream } from './server/stream.ts';
