import { InvalidArgument } from '../../../api/index.ts';
import type { ContainerRecord } from '../record.ts';

const SHORT_ID = 12;
const ALGORITHM = /^sha256:/;

/** What a tag may say of its container, by the names that Docker gives it. */
const FIELDS: Readonly<Record<string, (record: ContainerRecord) => string>> = {
  ID: ({ id }) => id.slice(0, SHORT_ID),
  FullID: ({ id }) => id,
  Name: ({ name }) => name,
  ImageID: ({ imageId }) => imageId.replace(ALGORITHM, '').slice(0, SHORT_ID),
  ImageFullID: ({ imageId }) => imageId,
  ImageName: ({ config }) => config.Image,
  Command: ({ config }) => [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])].join(' '),
  Hostname: ({ config }) => config.Hostname,
  DaemonName: () => 'berth',
};
const ACTION = /\{\{-?\s*(.*?)\s*-?\}\}/gs;

/** Throws InvalidArgument for a tag that names what there is not. */
export function validateTag(template: string): void {
  for (const [action, text] of template.matchAll(ACTION)) {
    if (field(text!) === undefined) {
      throw new InvalidArgument(
        `template: log-tag: can't evaluate ${action} in a tag: use ${Object.keys(FIELDS)
          .map((name) => `{{.${name}}}`)
          .join(', ')}`,
      );
    }
  }
  if (template.replace(ACTION, '').includes('{{')) {
    throw new InvalidArgument('template: log-tag:1: unclosed action');
  }
}

/** The tag of a container's log: `{{.Name}}/{{.ID}}` with the names filled in. */
export function expandTag(template: string, record: ContainerRecord): string {
  return template.replace(ACTION, (action, text: string) => field(text)?.(record) ?? action);
}

function field(action: string): ((record: ContainerRecord) => string) | undefined {
  const name = /^\.(\w+)$/.exec(action)?.[1] ?? '';
  return Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined;
}
