import { NotImplemented } from '../../../api/index.ts';
import { type LogEntry, type LogQuery, readLog } from '../../../runtime/index.ts';
import type { Container } from '../container.ts';
import { isRunning } from '../record.ts';
import { logDetails } from './attributes.ts';
import { isReadable } from './drivers.ts';

/** Which part of a container's log is wanted; `follow` reads on until the container stops. */
export type LogRequest = Omit<LogQuery, 'follow'> & { readonly follow: boolean };

/** What `logs` gives. */
export interface ContainerLog {
  readonly entries: AsyncGenerator<LogEntry>;
  /** What `--details` puts before each line. */
  readonly details: string;
}

/** The log of a container. Throws NotImplemented when its driver keeps none. */
export function readContainerLog(container: Container, request: LogRequest): ContainerLog {
  const { record, state, files, nextExit, removal } = container;
  if (!isReadable(record.hostConfig.LogConfig)) {
    throw new NotImplemented('configured logging driver does not support reading');
  }
  const follow = request.follow && isRunning(state) ? Promise.race([nextExit, removal]) : undefined;
  return { entries: readLog(files.log, { ...request, follow }), details: logDetails(record) };
}
