import { CliError, ExitStatus } from './errors.ts';
import { USAGE } from './format.ts';
import { indentJson, parseExact } from './json-text.ts';
import { complain, print, printLine } from './output.ts';
import { describe } from './report.ts';
import type { FieldKind } from './template/index.ts';

/** What was found of the objects asked for: each as the engine's JSON, and what went wrong with the first that was not. */
export interface Found {
  readonly documents: readonly string[];
  readonly errors: readonly string[];
}

/** Looks up each name. `find` throws when there is no such object. */
export async function findAll(
  names: readonly string[],
  find: (name: string) => Promise<string>,
): Promise<Found> {
  const documents: string[] = [];
  const errors: string[] = [];
  for (const name of names) {
    try {
      documents.push((await find(name)).trim());
    } catch (error) {
      errors.push(describe(error));
    }
  }
  return { documents, errors };
}

/** Prints what was found, as a JSON array or through a template. Ends with 1 when something was not. */
export async function printFound({ documents, errors }: Found, format: string): Promise<void> {
  if (format === '') print(`${indentJson(`[${documents.join(',')}]`)}\n`);
  else if (format === 'json') printLine(`[${documents.join(',')}]`);
  else await printTemplated(documents, format);
  for (const error of errors) complain(error);
  if (errors.length > 0) throw new ExitStatus(1);
}

async function printTemplated(documents: readonly string[], format: string): Promise<void> {
  const { compileTemplate, TemplateError } = await import('./template/index.ts');
  try {
    const template = compileTemplate(format, { missingKey: 'error', fieldKinds: FIELD_KINDS });
    for (const document of documents) printLine(template.execute(parseExact(document)));
    if (documents.length === 0) printLine('');
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    if (error.phase === 'execute') printLine('');
    throw new CliError(
      error.phase === 'execute' ? error.message : error.message,
      error.phase === 'parse' ? USAGE : 1,
      { cause: error },
    );
  }
}

const MAPS = [
  'Annotations',
  'DriverOpts',
  'EndpointsConfig',
  'ExposedPorts',
  'Labels',
  'Networks',
  'Options',
  'PortBindings',
  'Ports',
  'StorageOpt',
  'Sysctls',
  'Tmpfs',
  'Volumes',
];
const SLICES = [
  'Aliases',
  'Args',
  'Binds',
  'CapAdd',
  'CapDrop',
  'Cmd',
  'DeviceCgroupRules',
  'DeviceRequests',
  'Devices',
  'Dns',
  'DnsOptions',
  'DnsSearch',
  'DNSNames',
  'Entrypoint',
  'Env',
  'ExecIDs',
  'ExtraHosts',
  'GroupAdd',
  'Layers',
  'Links',
  'MaskedPaths',
  'Mounts',
  'OnBuild',
  'ReadonlyPaths',
  'RepoDigests',
  'RepoTags',
  'SecurityOpt',
  'Ulimits',
  'VolumesFrom',
];

/** Fields that are maps and lists in Docker's types, where null is an empty one and a missing key no error. */
const FIELD_KINDS: Readonly<Record<string, FieldKind>> = Object.fromEntries([
  ...MAPS.map((name): [string, FieldKind] => [name, 'map']),
  ...SLICES.map((name): [string, FieldKind] => [name, 'slice']),
]);
