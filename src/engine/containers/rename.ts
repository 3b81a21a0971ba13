import { InvalidArgument } from '../../api/index.ts';
import type { Container } from './container.ts';
import { namingOf } from './networking.ts';
import type { ContainerParts } from './parts.ts';
import { validateName } from './validate.ts';

/** Gives a container another name. Throws Conflict when it is taken, InvalidArgument when it is none. */
export function rename(parts: ContainerParts, container: Container, wanted: string): void {
  const name = wanted.replace(/^\//, '');
  if (name === '') throw new InvalidArgument('Neither old nor new names may be empty');
  validateName(name);
  const oldName = container.name;
  if (name === oldName)
    throw new InvalidArgument('Renaming a container with the same name as its current name');
  using _reserved = parts.store.reserveName(name);
  parts.store.setRecord(container, { ...container.record, name });
  parts.networks.rename(container.id, namingOf(container.record));
  parts.publish(container, 'rename', { oldName: `/${oldName}` });
}
