import { readFileSync } from 'node:fs';
import { InvalidArgument } from '../../api/index.ts';

/** The group that may use the sockets when none is named, if the machine has it. */
const DEFAULT_GROUP = 'docker';

/** The ID of a group given by name or number; of the default group, else root's, when none is. Throws InvalidArgument. */
export function resolveGroup(group: string | undefined): number {
  if (group === '') return 0;
  if (group !== undefined && /^\d+$/.test(group)) return Number(group);
  const id = lookUp(group ?? DEFAULT_GROUP);
  if (id === undefined && group !== undefined) throw new InvalidArgument(`group ${group} not found`);
  return id ?? 0;
}

function lookUp(name: string): number | undefined {
  for (const line of readFileSync('/etc/group', 'utf8').split('\n')) {
    const [entry, , id] = line.split(':');
    if (entry === name) return Number(id);
  }
  return undefined;
}
