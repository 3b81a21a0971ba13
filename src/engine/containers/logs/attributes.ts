import { InvalidArgument, messageOf } from '../../../api/index.ts';
import type { ContainerRecord } from '../record.ts';
import type { LogOptions } from './limits.ts';
import { expandTag } from './tag.ts';

/** Options that choose which labels and variables of the container belong to its log. */
export const ATTRIBUTE_OPTIONS = ['labels', 'labels-regex', 'env', 'env-regex', 'tag'] as const;

/** Throws InvalidArgument for a pattern that is none. */
export function validateAttributes(options: LogOptions): void {
  pattern(options['labels-regex']);
  pattern(options['env-regex']);
}

/** The labels and variables of a container that its log options choose, by name. */
export function chosenAttributes(record: ContainerRecord, options: LogOptions): Record<string, string> {
  const { Labels, Env } = record.config;
  return {
    ...choose(Object.entries(Labels), options['labels'], options['labels-regex']),
    ...choose(Env.map(variable), options['env'], options['env-regex']),
  };
}

/** What `logs --details` puts before each line: the chosen attributes and the tag, encoded as in a URL's query. */
export function logDetails(record: ContainerRecord): string {
  const { Config: options } = record.hostConfig.LogConfig;
  const attributes = chosenAttributes(record, options);
  const tag = options['tag'];
  if (tag) attributes['tag'] = expandTag(tag, record);
  const pairs = Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1));
  return pairs.map(([name, value]) => `${queryEscape(name)}=${queryEscape(value)}`).join(',');
}

function choose(
  pairs: ReadonlyArray<readonly [name: string, value: string]>,
  names: string | undefined,
  regex: string | undefined,
): Record<string, string> {
  const listed = new Set(names?.split(',').filter((name) => name !== ''));
  const matching = pattern(regex);
  return Object.fromEntries(pairs.filter(([name]) => listed.has(name) || matching?.test(name)));
}

function variable(text: string): [name: string, value: string] {
  const mark = text.indexOf('=');
  return mark < 0 ? [text, ''] : [text.slice(0, mark), text.slice(mark + 1)];
}

function pattern(text: string | undefined): RegExp | undefined {
  if (!text) return undefined;
  try {
    return new RegExp(text);
  } catch (error) {
    throw new InvalidArgument(`error parsing regexp: ${messageOf(error)}`);
  }
}

function queryEscape(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}
