import { isIP } from 'node:net';
import { Networks } from '../../client/index.ts';
import { defineCommand, exactly } from '../command.ts';
import { toRecord } from '../container/files.ts';
import { CliError } from '../errors.ts';
import { int, list, string, strings } from '../flags.ts';

export const command = defineCommand({
  use: '[OPTIONS] NETWORK CONTAINER',
  args: exactly(2),
  flags: {
    alias: strings('Add network-scoped alias for the container'),
    'driver-opt': strings('driver options for the network'),
    'gw-priority': int(
      'Highest gw-priority provides the default gateway. Accepts positive and negative values.',
    ),
    ip: string('IPv4 address (e.g., "172.30.100.104")'),
    ip6: string('IPv6 address (e.g., "2001:db8::33")'),
    link: list('Add link to another container'),
    'link-local-ip': strings('Add a link-local address for the container'),
  },
  async run({ values, args, cli }) {
    const [network = '', container = ''] = args;
    const { ip, ip6, 'link-local-ip': linkLocal, link, alias, 'driver-opt': options } = values;
    for (const address of [ip, ip6, ...linkLocal]) {
      if (address !== '' && isIP(address) === 0) throw new CliError(`failed to parse IP: "${address}"`);
    }
    const ipam = {
      ...(ip && { IPv4Address: ip }),
      ...(ip6 && { IPv6Address: ip6 }),
      ...(linkLocal.length > 0 && { LinkLocalIPs: [...linkLocal] }),
    };
    await new Networks(await cli.client()).connect(network, container, {
      IPAMConfig: Object.keys(ipam).length > 0 ? ipam : null,
      Links: link.length > 0 ? [...link] : null,
      Aliases: alias.length > 0 ? [...alias] : null,
      MacAddress: '',
      DriverOpts: options.length > 0 ? toRecord(options) : null,
      GwPriority: values['gw-priority'],
    });
  },
});
