import { InvalidArgument, parseDuration } from '../../api/index.ts';
import type { OciRunConfig } from '../../layers/index.ts';

/**
 * Applies the `changes` of import and commit to a config: instructions of a Dockerfile, one in each text. Hands back
 * a new config. Throws InvalidArgument for what is not one of CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL,
 * ONBUILD, STOPSIGNAL, USER, VOLUME and WORKDIR, or is malformed.
 */
export function applyChanges(config: OciRunConfig, changes: readonly string[]): OciRunConfig {
  return changes
    .flatMap((text) => text.split('\n'))
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .reduce(applyChange, config);
}

function applyChange(config: OciRunConfig, line: string): OciRunConfig {
  const [, word = '', rest = ''] = /^(\S+)\s*(.*)$/s.exec(line) ?? [];
  const instruction = instructions[word.toUpperCase()];
  if (instruction === undefined) throw new InvalidArgument(`${word} is not a valid change command`);
  if (rest === '') throw new InvalidArgument(`${word.toUpperCase()} requires at least one argument`);
  return { ...config, ...instruction(rest, config) };
}

type Instruction = (rest: string, config: OciRunConfig) => Partial<OciRunConfig>;

const instructions: Readonly<Record<string, Instruction>> = {
  CMD: (rest) => ({ Cmd: commandOf(rest) }),
  ENTRYPOINT: (rest) => ({ Entrypoint: commandOf(rest) }),
  ENV: (rest, { Env }) => ({
    Env: Object.entries(pairsOf('ENV', rest)).reduce(setVariable, [...(Env ?? [])]),
  }),
  LABEL: (rest, { Labels }) => ({ Labels: { ...Labels, ...pairsOf('LABEL', rest) } }),
  EXPOSE: (rest, { ExposedPorts }) => ({
    ExposedPorts: { ...ExposedPorts, ...setOf(wordsOf(rest).flatMap(portsOf)) },
  }),
  VOLUME: (rest, { Volumes }) => ({ Volumes: { ...Volumes, ...setOf(listOf(rest) ?? wordsOf(rest)) } }),
  USER: (rest) => ({ User: oneWord('USER', rest) }),
  STOPSIGNAL: (rest) => ({ StopSignal: oneWord('STOPSIGNAL', rest) }),
  WORKDIR: (rest, { WorkingDir }) => ({
    WorkingDir: rest.startsWith('/') ? rest : `${WorkingDir || ''}/${rest}`,
  }),
  ONBUILD: (rest, { OnBuild }) => ({ OnBuild: [...(OnBuild ?? []), rest] }),
  HEALTHCHECK: (rest) => ({ Healthcheck: healthcheckOf(rest) }),
};

/** A command: a JSON list of words, or a line for the shell. */
function commandOf(rest: string): string[] {
  return listOf(rest) ?? ['/bin/sh', '-c', rest];
}

function listOf(rest: string): string[] | undefined {
  if (!rest.startsWith('[')) return undefined;
  try {
    const list: unknown = JSON.parse(rest);
    return Array.isArray(list) && list.every((word) => typeof word === 'string') ? list : undefined;
  } catch {
    return undefined;
  }
}

function setOf(keys: readonly string[]): Record<string, object> {
  return Object.fromEntries(keys.map((key) => [key, {}]));
}

function setVariable(env: string[], [name, value]: [string, string]): string[] {
  const entry = `${name}=${value}`;
  const index = env.findIndex((other) => other.split('=', 1)[0] === name);
  return index < 0 ? [...env, entry] : env.with(index, entry);
}

/** Words between spaces; quotes and backslashes keep spaces together and are taken away. */
function wordsOf(rest: string): string[] {
  const words = rest.match(/(?:\\.|"(?:\\.|[^"\\])*"|'[^']*'|[^\s"'\\])+/gs) ?? [];
  return words.map((word) =>
    word.replaceAll(
      /\\(.)|"((?:\\.|[^"\\])*)"|'([^']*)'/gs,
      (_all, plain, double, single) => plain ?? double?.replaceAll(/\\(["\\$])/g, '$1') ?? single ?? '',
    ),
  );
}

/** `name=value` pairs, or the old form of one name, a space, and a value up to the end of the line. */
function pairsOf(instruction: string, rest: string): Record<string, string> {
  const [, name, value] = /^([^\s=]+)\s+(.*)$/s.exec(rest) ?? [];
  if (name !== undefined && value !== undefined) return { [name]: value };
  return Object.fromEntries(
    wordsOf(rest).map((word) => {
      const equals = word.indexOf('=');
      if (equals < 1) throw new InvalidArgument(`${instruction}: "${word}" is not of the form name=value`);
      return [word.slice(0, equals), word.slice(equals + 1)];
    }),
  );
}

function oneWord(instruction: string, rest: string): string {
  const [word, ...more] = wordsOf(rest);
  if (word === undefined || more.length > 0)
    throw new InvalidArgument(`${instruction} requires exactly one argument`);
  return word;
}

/** `80`, `80/udp` or a range `8000-8010/tcp`, as single ports with their protocol. */
function portsOf(text: string): string[] {
  const [, first, last, protocol = 'tcp'] =
    /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/i.exec(text) ?? [];
  const from = Number(first);
  const to = Number(last ?? first);
  if (!(from >= 1 && to >= from && to <= 65535)) throw new InvalidArgument(`invalid containerPort: ${text}`);
  return Array.from({ length: to - from + 1 }, (_, index) => `${from + index}/${protocol.toLowerCase()}`);
}

const DURATIONS: Readonly<Record<string, 'Interval' | 'Timeout' | 'StartPeriod' | 'StartInterval'>> = {
  interval: 'Interval',
  timeout: 'Timeout',
  'start-period': 'StartPeriod',
  'start-interval': 'StartInterval',
};

function healthcheckOf(rest: string): NonNullable<OciRunConfig['Healthcheck']> {
  const check = {
    Test: [] as string[],
    Interval: 0,
    Timeout: 0,
    StartPeriod: 0,
    StartInterval: 0,
    Retries: 0,
  };
  let left = rest;
  for (let flag = takeFlag(left); flag !== undefined; flag = takeFlag(left)) {
    left = flag.rest;
    const duration = DURATIONS[flag.name];
    const nanos = parseDuration(flag.value);
    if (duration !== undefined && nanos !== undefined) check[duration] = Number(nanos);
    else if (flag.name === 'retries' && /^\d+$/.test(flag.value)) check.Retries = Number(flag.value);
    else throw new InvalidArgument(`HEALTHCHECK: invalid flag --${flag.name}=${flag.value}`);
  }
  const [, type = '', command = ''] = /^(\S+)\s*(.*)$/s.exec(left) ?? [];
  if (type.toUpperCase() === 'NONE' && command === '') return { ...check, Test: ['NONE'] };
  if (type.toUpperCase() !== 'CMD' || command === '') {
    throw new InvalidArgument('HEALTHCHECK requires NONE, or CMD and a command');
  }
  const list = listOf(command);
  return { ...check, Test: list ? ['CMD', ...list] : ['CMD-SHELL', command] };
}

function takeFlag(text: string): { name: string; value: string; rest: string } | undefined {
  const match = /^--([a-z-]+)=(\S*)\s+(.*)$/s.exec(text);
  return match ? { name: match[1]!, value: match[2]!, rest: match[3]! } : undefined;
}
