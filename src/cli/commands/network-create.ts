import { Networks } from '../../client/index.ts';
import { defineCommand, exactly } from '../command.ts';
import { checkLabel } from '../container/checks.ts';
import { toRecord } from '../container/files.ts';
import { bool, list, map, string, strings } from '../flags.ts';
import { buildIpam } from '../network/ipam.ts';
import { complain, printLine } from '../output.ts';

export const command = defineCommand({
  use: '[OPTIONS] NETWORK',
  args: exactly(1),
  flags: {
    attachable: bool('Enable manual container attachment', { since: '1.25' }),
    'aux-address': map('Auxiliary IPv4 or IPv6 addresses used by Network driver'),
    'config-from': string('The network from which to copy the configuration', { since: '1.30' }),
    'config-only': bool('Create a configuration only network', { since: '1.30' }),
    driver: string('Driver to manage the Network', { short: 'd', initial: 'bridge' }),
    gateway: strings('IPv4 or IPv6 Gateway for the master subnet'),
    ingress: bool('Create swarm routing-mesh network', { since: '1.29' }),
    internal: bool('Restrict external access to the network'),
    'ip-range': strings('Allocate container ip from a sub-range'),
    'ipam-driver': string('IP Address Management Driver', { initial: 'default' }),
    'ipam-opt': map('Set IPAM driver specific options'),
    ipv4: bool('Enable or disable IPv4 address assignment', { initial: true, shown: 'true' }),
    ipv6: bool('Enable or disable IPv6 address assignment'),
    label: list('Set metadata on a network', { check: checkLabel }),
    opt: map('Set driver specific options', { short: 'o' }),
    scope: string("Control the network's scope", { since: '1.30' }),
    subnet: strings('Subnet in CIDR format that represents a network segment'),
  },
  async run({ values, changed, args, cli }) {
    const created = await new Networks(await cli.client()).create({
      Name: args[0]!,
      // A template has no driver, unless one is asked for.
      Driver: values['config-only'] && !changed.has('driver') ? '' : values.driver,
      Scope: values.scope,
      EnableIPv4: changed.has('ipv4') ? values.ipv4 : undefined,
      EnableIPv6: changed.has('ipv6') ? values.ipv6 : undefined,
      IPAM: { Driver: values['ipam-driver'], Options: values['ipam-opt'], Config: buildIpam(values) },
      Internal: values.internal,
      Attachable: values.attachable,
      Ingress: values.ingress,
      ConfigOnly: values['config-only'],
      ConfigFrom: values['config-from'] ? { Network: values['config-from'] } : null,
      Options: values.opt,
      Labels: toRecord(values.label),
    });
    if (created.Warning) complain(`WARNING: ${created.Warning}`);
    printLine(created.Id);
  },
});
