import { findProofs, type Proof } from './proofs.ts';
import { REFUSALS, type Refusal, UNPROVEN } from './refusals.ts';
import { allRows, COMMANDS, type Command, ENDPOINTS, flagsOf, type Row } from './surface.ts';

const INTRODUCTION = `# Compatibility

What of Docker's containers works here: every command and flag of the docker client 28.2 that concerns containers, used against
the engine by that client, and every endpoint of the Engine API for containers, execs and the system. *Works* names the tests that
show it, *refused* the error. \`berth\` has the same commands and flags: \`test/cli/create-request.test.ts\`,
\`test/cli/help.test.ts\` and \`test/cli/side-by-side.test.ts\` hold it against the official client.

This file is written by \`sh scripts/compatibility\` from the tests themselves; see CONTRIBUTING.md.
`;

/** The text of docs/compatibility.md. Throws when a proof claims what there is not. */
export function compatibilityDocument(): string {
  const proofs = findProofs();
  return [INTRODUCTION, ...commandSections(proofs), ...endpointSections(proofs)].join('\n');
}

/** What is wrong with the claims, one line each: rows that nothing answers for, and claims about rows that are not there. */
export function accountingErrors(): string[] {
  const rows = new Set<string>(allRows());
  const proven = new Set(findProofs().flatMap((proof) => proof.rows));
  const answered = new Set([...proven, ...REFUSALS.map(({ row }) => row)]);
  return [
    ...[...answered, ...UNPROVEN].filter((row) => !rows.has(row)).map((row) => `${row}: no such row`),
    ...[...rows]
      .filter((row) => !answered.has(row) && !UNPROVEN.includes(row as Row))
      .map((row) => `${row}: neither proven nor refused`),
    ...UNPROVEN.filter((row) => answered.has(row)).map((row) => `${row}: is proven, so it is not UNPROVEN`),
  ];
}

function commandSections(proofs: readonly Proof[]): string[] {
  const commands = Object.keys(COMMANDS) as Command[];
  return commands.flatMap((command) => {
    const flags = flagsOf(command).map(({ long, short }) => ({
      row: `${command} ${long}`,
      shown: short === undefined ? `\`${long}\`` : `\`${long}\`, \`${short}\``,
    }));
    const note =
      command === 'create'
        ? ['Takes the flags of `run` but `--detach`, `--detach-keys` and `--sig-proxy`.\n']
        : [];
    return [
      `## docker ${command}\n`,
      ...note,
      table('command, flag', [{ row: command, shown: `\`docker ${command}\`` }, ...flags], proofs),
    ];
  });
}

function endpointSections(proofs: readonly Proof[]): string[] {
  return Object.entries(ENDPOINTS).flatMap(([name, endpoints]) => [
    `## Endpoints: ${name.toLowerCase()}\n`,
    table(
      '',
      endpoints.map((row) => ({ row, shown: `\`${row}\`` })),
      proofs,
    ),
  ]);
}

function table(
  head: string,
  rows: ReadonlyArray<{ readonly row: string; readonly shown: string }>,
  proofs: readonly Proof[],
): string {
  const lines = rows.map(({ row, shown }) => `| ${shown} | ${answers(row, proofs).join('<br>')} |`);
  return [`| ${head} | |`, '|---|---|', ...lines, ''].join('\n');
}

function answers(row: string, proofs: readonly Proof[]): string[] {
  const shown = proofs.filter(({ rows }) => rows.includes(row));
  const refused = REFUSALS.filter((refusal) => refusal.row === row);
  if (shown.length + refused.length === 0) return ['not shown by a test yet'];
  const works = shown.length > 0 ? [`works: ${shown.map(link).join('; ')}`] : [];
  return [...works, ...refused.map((refusal) => describe(refusal, shown.length > 0))];
}

function link({ path, title }: Proof): string {
  return `[${cell(title)}](../${path})`;
}

function describe({ given, error }: Refusal, partly: boolean): string {
  const what = 'request' in given ? `${given.status}` : `\`${given.join(' ')}\``;
  return `${partly || 'request' in given ? `refused (${what})` : 'refused'}: ${cell(error)}`;
}

/** Text that is to stand in a cell of a table. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ');
}
