import { RegistryError } from '../errors.ts';

const COMPONENT = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const NAME = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`);
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

/** As Docker has it; a path on disk must hold it beside what comes before and after. */
const MAX_NAME = 255;

/** Whether this is a repository's name by the specification's grammar: no part of it can leave a folder. */
export function isName(text: string): boolean {
  return text.length <= MAX_NAME && NAME.test(text);
}

export function isTag(text: string): boolean {
  return TAG.test(text);
}

/** Hands back a repository's name that came from outside. Throws NAME_INVALID. */
export function checkName(text: string): string {
  if (isName(text)) return text;
  const shown = text.length > MAX_NAME ? `${text.slice(0, 40)}...` : text;
  throw new RegistryError('NAME_INVALID', `invalid repository name "${shown}"`);
}
