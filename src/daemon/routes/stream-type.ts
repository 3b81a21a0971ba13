import { type ApiVersion, atLeast } from '../../api/index.ts';

export const rawType = 'application/vnd.docker.raw-stream';
const multiplexedType = 'application/vnd.docker.multiplexed-stream';

/** The content type of a process's output: frames have a name of their own from version 1.42 on. */
export function streamType(version: ApiVersion, tty: boolean): string {
  return !tty && atLeast(version, 1, 42) ? multiplexedType : rawType;
}
