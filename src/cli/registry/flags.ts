import { resolve } from 'node:path';
import { string } from '../flags.ts';

/** Flags that say which registry is meant. */
export const placeFlags = {
  'config-file': string('Configuration file (JSON)'),
  root: string('Folder of the registry (default "/var/lib/berth-registry")'),
};

/** The file and the folder of a request, as the registry's program takes them. */
export function placeOf(values: { readonly 'config-file': string; readonly root: string }): {
  file: string | undefined;
  root: string | undefined;
} {
  return {
    file: values['config-file'] ? resolve(values['config-file']) : undefined,
    root: values.root ? resolve(values.root) : undefined,
  };
}
