import { BERTH_VERSION, formatApiVersion } from '../../api/index.ts';
import { type ServerVersion, System } from '../../client/index.ts';
import type { Cli } from '../cli.ts';
import { defineCommand, noArgs } from '../command.ts';
import { goTime } from '../dates.ts';
import { string } from '../flags.ts';
import { goJson, INSPECT_FORMAT_HELP, render } from '../format.ts';
import { print, printLine } from '../output.ts';
import { architecture } from '../platform.ts';
import { layOut } from '../table.ts';

export const command = defineCommand({
  use: '[OPTIONS]',
  args: noArgs,
  flags: { format: string(INSPECT_FORMAT_HELP, { short: 'f' }) },
  async run({ values, cli }) {
    const versions = await collect(cli);
    await show(versions, values.format);
    if (versions.failure !== undefined) throw versions.failure;
  },
});

interface ClientVersion {
  readonly Version: string;
  readonly ApiVersion: string;
  readonly DefaultAPIVersion: string;
  readonly GitCommit: string;
  /** The runtime: Docker's field for it is named after its own. */
  readonly GoVersion: string;
  readonly Os: string;
  readonly Arch: string;
  readonly BuildTime: string;
  readonly Context: string;
}

interface Versions {
  readonly client: ClientVersion;
  readonly server: ServerVersion | null;
  /** Why there is nothing to tell of the engine. */
  readonly failure: unknown;
}

async function collect(cli: Cli): Promise<Versions> {
  const { context } = await cli.endpoint();
  const engine = await cli.client();
  let server: ServerVersion | null = null;
  let failure: unknown;
  let spoken = cli.newestVersion;
  try {
    spoken = formatApiVersion(await engine.version());
    server = await new System(engine).version();
  } catch (error) {
    failure = error;
  }
  const client = {
    Version: BERTH_VERSION,
    ApiVersion: spoken,
    DefaultAPIVersion: cli.newestVersion,
    GitCommit: '',
    GoVersion: `node${process.versions.node}`,
    Os: process.platform,
    Arch: architecture(),
    BuildTime: '',
    Context: context,
  };
  return { client, server, failure };
}

async function show({ client, server, failure }: Versions, format: string): Promise<void> {
  const data = { Client: client, Server: server };
  if (format === 'json') return printLine(goJson(data));
  if (format === '') return print(text(client, server));
  try {
    printLine(await render(format, data, { name: 'version', rootType: 'system.versionInfo' }));
  } catch (error) {
    // Whoever asks for the engine's version learns that there is no engine, not that a field is missing.
    if (failure === undefined) throw error;
    printLine('');
  }
}

function text(client: ClientVersion, server: ServerVersion | null): string {
  const api =
    client.ApiVersion === client.DefaultAPIVersion
      ? client.ApiVersion
      : `${client.ApiVersion} (downgraded from ${client.DefaultAPIVersion})`;
  const lines: string[][] = [
    ['Client:'],
    [' Version:', client.Version],
    [' API version:', api],
    [' Node version:', process.versions.node],
    [' OS/Arch:', `${client.Os}/${client.Arch}`],
    [' Context:', client.Context],
  ];
  if (server) lines.push([''], ...serverLines(server));
  return layOut(lines, 20, 1);
}

function serverLines(server: ServerVersion): string[][] {
  const platform = server.Platform?.Name ? ` ${server.Platform.Name}` : '';
  const lines = [[`Server:${platform}`]];
  for (const { Name, Version, Details } of server.Components ?? [engineComponent(server)]) {
    const details = Details ?? {};
    lines.push([` ${Name}:`], ['  Version:', Version]);
    if (Name === 'Engine') {
      lines.push(
        ['  API version:', `${details['ApiVersion']} (minimum version ${details['MinAPIVersion']})`],
        ['  Go version:', details['GoVersion'] ?? ''],
        ['  Git commit:', details['GitCommit'] ?? ''],
        ['  Built:', goTime(details['BuildTime'] ?? '')],
        ['  OS/Arch:', `${details['Os']}/${details['Arch']}`],
        ['  Experimental:', details['Experimental'] ?? 'false'],
      );
    } else {
      for (const key of Object.keys(details).sort()) lines.push([`  ${key}:`, details[key]!]);
    }
  }
  return lines;
}

/** Engines before API 1.35 did not tell of components. */
function engineComponent(server: ServerVersion): NonNullable<ServerVersion['Components']>[number] {
  return {
    Name: 'Engine',
    Version: server.Version,
    Details: {
      ApiVersion: server.ApiVersion,
      MinAPIVersion: server.MinAPIVersion ?? '',
      GitCommit: server.GitCommit,
      GoVersion: server.GoVersion,
      Os: server.Os,
      Arch: server.Arch,
      BuildTime: server.BuildTime ?? '',
      Experimental: String(server.Experimental ?? false),
    },
  };
}
