import assert from 'node:assert/strict';
import { afterEach, beforeEach } from 'node:test';
import { type Command, flagsOf, type Row } from '../compatibility/surface.ts';
import { type UsedCommand, usageFromNow } from './usage.ts';

let claims: readonly Row[] = [];
let usage = usageFromNow();

/**
 * Stands first in a test that proves that flags, commands or endpoints of Docker's work here; `docs/compatibility.md` names
 * the test there. A test that does not use what it claims fails: a flag is used by the official client, an endpoint by a
 * request of the test's own or of dockerode.
 *
 *     test('memory has an end', async () => {
 *       proves('run --memory', 'POST /containers/create');
 *       ...
 */
export function proves(...rows: [Row, ...Row[]]): void {
  claims = rows;
  usage = usageFromNow();
}

beforeEach(() => {
  claims = [];
});

afterEach((t) => {
  if (!('passed' in t) || !t.passed) return;
  const { commands, requests } = usage();
  for (const row of claims) {
    const used = row.includes(' /') ? requests.some(matches(row)) : commands.some(uses(row));
    assert.ok(used, `this test claims to prove "${row}" and has not used it`);
  }
});

function matches(endpoint: string): (request: string) => boolean {
  const pattern = new RegExp(`^${endpoint.replaceAll(/\{\w+\}/g, '[^ ]+')}$`);
  return (request) => pattern.test(request);
}

/** Whether a command line of the official client has the command, in any of its spellings, and the flag. */
function uses(row: string): (used: UsedCommand) => boolean {
  const [, command = '', flag] = /^(.*?)(?: (--.*))?$/.exec(row)!;
  const names = flagsOf(command as Command).find(({ long }) => long === flag);
  const given = ({ args }: UsedCommand) => args.some((arg) => isFlag(arg, names?.long, names?.short));
  return (used) =>
    used.client === 'docker' && hasCommand(used, command) && (flag === undefined || given(used));
}

function hasCommand({ args }: UsedCommand, command: string): boolean {
  const line = args.filter((arg) => !arg.startsWith('-')).join(' ');
  // A flag of `create` is one of `run`.
  const names = command === 'run' ? ['run', 'create'] : [command];
  return names
    .flatMap((name) => [name, `container ${name}`])
    .some((name) => `${line} `.startsWith(`${name} `));
}

/** `--all`, `--all=true`, `-a`, `-qa`. */
function isFlag(arg: string, long: string | undefined, short: string | undefined): boolean {
  if (arg === long || arg.startsWith(`${long}=`)) return true;
  return short !== undefined && /^-\w/.test(arg) && arg.includes(short.slice(1));
}
