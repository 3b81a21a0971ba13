import { Containers, type PortBinding } from '../../client/index.ts';
import { between, defineCommand } from '../command.ts';
import { CliError } from '../errors.ts';
import { bool } from '../flags.ts';
import { printLines } from '../format.ts';
import { joinHostPort } from '../ports.ts';

export const command = defineCommand({
  use: 'CONTAINER [PRIVATE_PORT[/PROTO]]',
  args: between(1, 2),
  flags: {
    reach: bool('Say who can reach each port (as it always does at a terminal)'),
  },
  async run({ values, args, cli }) {
    const [name = '', wanted] = args;
    const { NetworkSettings } = await new Containers(await cli.client()).inspect(name);
    const ports = NetworkSettings.Ports ?? {};
    // Programs that read the output expect what docker prints, and nothing after it.
    const reach = values.reach || process.stdout.isTTY;
    if (wanted === undefined) {
      const lines = Object.entries(ports).flatMap(([port, bindings]) =>
        addresses(bindings, reach).map((a) => `${port} -> ${a}`),
      );
      return printLines(lines.sort(byNumber));
    }
    const [number = '', protocol = 'tcp'] = wanted.split('/');
    if (!/^\d{1,5}$/.test(number) || Number(number) > 65535) throw new CliError(`invalid port '${number}'`);
    const found = addresses(ports[`${number}/${protocol}`], reach);
    if (found.length === 0) throw new CliError(`Error: No public port '${wanted}' published for ${name}`);
    printLines(found);
  },
});

function addresses(bindings: readonly PortBinding[] | null | undefined, reach: boolean): string[] {
  return (bindings ?? []).map(({ HostIp, HostPort, ReachableFrom }) => {
    const address = joinHostPort(HostIp, HostPort);
    return reach && ReachableFrom ? `${address}\t${ReachableFrom}` : address;
  });
}

function byNumber(a: string, b: string): number {
  return Number.parseInt(a, 10) - Number.parseInt(b, 10) || (a < b ? -1 : 1);
}
