import type { Readable } from 'node:stream';
import { exportView } from '../../layers/index.ts';
import type { Container } from './container.ts';
import { withFiles } from './files.ts';
import type { ContainerParts } from './parts.ts';

/** All files of a container as a tar archive, without what is mounted into it. Destroying the stream ends the work. */
export async function exportContainer(parts: ContainerParts, container: Container): Promise<Readable> {
  const { content } = await withFiles(parts, container, ({ rootfs }) => exportView({ rootfs }));
  parts.publish(container, 'export');
  return content;
}
