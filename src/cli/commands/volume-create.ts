import { Volumes } from '../../client/index.ts';
import { atMost, defineCommand } from '../command.ts';
import { checkLabel } from '../container/checks.ts';
import { toRecord } from '../container/files.ts';
import { CliError } from '../errors.ts';
import { bytes, list, map, string } from '../flags.ts';
import { printLine } from '../output.ts';

const CLUSTER = [
  'availability',
  'group',
  'limit-bytes',
  'required-bytes',
  'scope',
  'secret',
  'sharing',
  'topology-preferred',
  'topology-required',
  'type',
];
const cluster = { since: '1.42', hidden: true };

export const command = defineCommand({
  use: '[OPTIONS] [VOLUME]',
  args: atMost(1),
  flags: {
    availability: string('Cluster Volume availability ("active", "pause", "drain")', {
      initial: 'active',
      ...cluster,
    }),
    driver: string('Specify volume driver name', { short: 'd', initial: 'local' }),
    group: string('Cluster Volume group (cluster volumes)', cluster),
    label: list('Set metadata for a volume', { check: checkLabel }),
    'limit-bytes': bytes('Maximum size of the Cluster Volume in bytes', cluster),
    name: string('Specify volume name', { hidden: true }),
    opt: map('Set driver specific options', { short: 'o' }),
    'required-bytes': bytes('Minimum size of the Cluster Volume in bytes', cluster),
    scope: string('Cluster Volume access scope ("single", "multi")', { initial: 'single', ...cluster }),
    secret: map('Cluster Volume secrets', cluster),
    sharing: string('Cluster Volume access sharing ("none", "readonly", "onewriter", "all")', {
      initial: 'none',
      ...cluster,
    }),
    'topology-preferred': list('A topology that the Cluster Volume would be preferred in', cluster),
    'topology-required': list('A topology that the Cluster Volume must be accessible from', cluster),
    type: string('Cluster Volume access type ("mount", "block")', { initial: 'block', ...cluster }),
  },
  async run({ values, changed, args, cli }) {
    const strange = CLUSTER.find((name) => changed.has(name));
    if (strange !== undefined)
      throw new CliError(`--${strange} is for volumes of a cluster, which Berth does not have: leave it out`);
    if (values.name && args[0])
      throw new CliError(
        'conflicting options: cannot specify a volume name through both --name and as a positional arg',
      );
    const volume = await new Volumes(await cli.client()).create({
      Name: args[0] ?? values.name,
      Driver: values.driver,
      DriverOpts: values.opt,
      Labels: toRecord(values.label),
    });
    printLine(volume.Name);
  },
});
