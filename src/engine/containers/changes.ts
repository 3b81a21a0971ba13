import { type Change, changesBetween } from '../../layers/index.ts';
import type { Container } from './container.ts';
import { layersOf, whileThere } from './files.ts';
import type { ContainerParts } from './parts.ts';

/** What differs between a container's files and its image's, running or not. */
export function changes(parts: ContainerParts, container: Container): Promise<Change[]> {
  return whileThere(parts, container, () => changesBetween(layersOf(parts, container)));
}
