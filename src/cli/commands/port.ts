import { Containers, type PortBinding } from '../../client/index.ts';
import { between, defineCommand } from '../command.ts';
import { CliError } from '../errors.ts';
import { printLines } from '../format.ts';
import { joinHostPort } from '../ports.ts';

export const command = defineCommand({
  use: 'CONTAINER [PRIVATE_PORT[/PROTO]]',
  args: between(1, 2),
  flags: {},
  async run({ args, cli }) {
    const [name = '', wanted] = args;
    const { NetworkSettings } = await new Containers(await cli.client()).inspect(name);
    const ports = NetworkSettings.Ports ?? {};
    if (wanted === undefined) {
      const lines = Object.entries(ports).flatMap(([port, bindings]) =>
        addresses(bindings).map((a) => `${port} -> ${a}`),
      );
      return printLines(lines.sort(byNumber));
    }
    const [number = '', protocol = 'tcp'] = wanted.split('/');
    if (!/^\d{1,5}$/.test(number) || Number(number) > 65535) throw new CliError(`invalid port '${number}'`);
    const found = addresses(ports[`${number}/${protocol}`]);
    if (found.length === 0) throw new CliError(`Error: No public port '${wanted}' published for ${name}`);
    printLines(found);
  },
});

function addresses(bindings: readonly PortBinding[] | null | undefined): string[] {
  return (bindings ?? []).map(({ HostIp, HostPort }) => joinHostPort(HostIp, HostPort));
}

function byNumber(a: string, b: string): number {
  return Number.parseInt(a, 10) - Number.parseInt(b, 10) || (a < b ? -1 : 1);
}
