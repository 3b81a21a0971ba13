import { BERTH_VERSION } from '../../api/index.ts';
import { System } from '../../client/index.ts';
import { defineCommand, noArgs } from '../command.ts';
import { ExitStatus } from '../errors.ts';
import { string } from '../flags.ts';
import { goJson, INSPECT_FORMAT_HELP, render } from '../format.ts';
import { type EngineInfo, engineLines } from '../info-text.ts';
import { complain, print, printLine } from '../output.ts';
import { architecture } from '../platform.ts';
import { describe } from '../report.ts';

export const command = defineCommand({
  use: '[OPTIONS]',
  args: noArgs,
  flags: { format: string(INSPECT_FORMAT_HELP, { short: 'f' }) },
  async run({ values, cli }) {
    const { context } = await cli.endpoint();
    const client = {
      Debug: cli.debug,
      Version: BERTH_VERSION,
      DefaultAPIVersion: cli.newestVersion,
      GitCommit: '',
      GoVersion: `node${process.versions.node}`,
      Os: process.platform,
      Arch: architecture(),
      BuildTime: '',
      Context: context,
      Plugins: [],
      Warnings: null,
    };
    let server: EngineInfo | undefined;
    let failure: string | undefined;
    try {
      server = await new System(await cli.client()).info();
    } catch (error) {
      failure = describe(error);
    }
    if (values.format !== '') return await show(values.format, client, server, failure);

    print(
      `Client:\n Version:    ${client.Version}\n Context:    ${context}\n Debug Mode: ${client.Debug}\n\nServer:\n`,
    );
    if (server) {
      print(`${engineLines(server).join('\n')}\n\n`);
      for (const warning of (server['Warnings'] as string[] | null) ?? []) complain(warning);
    }
    if (failure === undefined) return;
    complain(failure);
    throw new ExitStatus(1);
  },
});

async function show(
  format: string,
  client: object,
  server: EngineInfo | undefined,
  failure: string | undefined,
): Promise<void> {
  const errors = failure === undefined ? {} : { ServerErrors: [failure] };
  const data = { ...(server ?? EMPTY), ...errors, ClientInfo: client };
  printLine(format === 'json' ? goJson(data) : await render(format, data, { rootType: 'system.dockerInfo' }));
  if (failure === undefined) return;
  complain(failure);
  throw new ExitStatus(1);
}

/** What a template finds when there is no engine: nothing, but no error either. */
const EMPTY = {
  ID: '',
  Containers: 0,
  ContainersRunning: 0,
  ContainersPaused: 0,
  ContainersStopped: 0,
  Images: 0,
  ServerVersion: '',
};
