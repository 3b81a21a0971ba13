import { type DiskUsage, System, type Usage } from '../../client/index.ts';
import { defineCommand, noArgs } from '../command.ts';
import { printDetails } from '../disk-usage-view.ts';
import { bool, string } from '../flags.ts';
import { FORMAT_HELP, printList, type View } from '../format.ts';
import { humanSize } from '../units.ts';

export const command = defineCommand({
  use: '[OPTIONS]',
  args: noArgs,
  flags: {
    format: string(FORMAT_HELP),
    verbose: bool('Show detailed information on space usage', { short: 'v' }),
  },
  async run({ values, cli }) {
    const usage = await new System(await cli.client()).diskUsage(values.verbose);
    if (values.verbose) return printDetails(usage, values.format);
    await printList(KIND_VIEW, kindsOf(usage), {
      kind: 'formatter.diskUsageImages',
      format: values.format,
      columns: ['Type', 'TotalCount', 'Active', 'Size', 'Reclaimable'],
    });
  },
});

interface Kind {
  readonly name: string;
  readonly usage: Usage<unknown>;
  /** Whether the part that can be given back is shown in per cent too. */
  readonly percent: boolean;
}

function kindsOf({ images, containers, volumes, buildCache }: DiskUsage): Kind[] {
  return [
    { name: 'Images', usage: images, percent: true },
    { name: 'Containers', usage: containers, percent: true },
    { name: 'Local Volumes', usage: volumes, percent: true },
    { name: 'Build Cache', usage: buildCache, percent: false },
  ];
}

const KIND_VIEW: View<Kind> = {
  Type: { header: 'TYPE', value: ({ name }) => name },
  TotalCount: { header: 'TOTAL', value: ({ usage }) => String(usage.TotalCount) },
  Active: { header: 'ACTIVE', value: ({ usage }) => String(usage.ActiveCount) },
  Size: { header: 'SIZE', value: ({ usage }) => humanSize(usage.TotalSize) },
  Reclaimable: { header: 'RECLAIMABLE', value: reclaimable },
};

function reclaimable({ usage: { Reclaimable, TotalSize }, percent }: Kind): string {
  const size = humanSize(Reclaimable);
  return percent && TotalSize > 0 ? `${size} (${Math.trunc((Reclaimable * 100) / TotalSize)}%)` : size;
}
