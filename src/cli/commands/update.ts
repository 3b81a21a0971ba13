import { Containers, type Resources } from '../../client/index.ts';
import { atLeast, defineCommand } from '../command.ts';
import { cpus, memorySwap } from '../container/flags.ts';
import { parseRestartPolicy } from '../container/request.ts';
import { CliError, ExitStatus } from '../errors.ts';
import { bytes, int, string, uint } from '../flags.ts';
import { complain, printLine } from '../output.ts';
import { describe } from '../report.ts';

export const command = defineCommand({
  use: '[OPTIONS] CONTAINER [CONTAINER...]',
  args: atLeast(1),
  flags: {
    'blkio-weight': uint('Block IO (relative weight), between 10 and 1000, or 0 to disable', 65535, {
      type: 'uint16',
      shown: '0',
    }),
    'cpu-period': int('Limit CPU CFS (Completely Fair Scheduler) period'),
    'cpu-quota': int('Limit CPU CFS (Completely Fair Scheduler) quota'),
    'cpu-rt-period': int('Limit the CPU real-time period in microseconds', { since: '1.25' }),
    'cpu-rt-runtime': int('Limit the CPU real-time runtime in microseconds', { since: '1.25' }),
    'cpu-shares': int('CPU shares (relative weight)', { short: 'c' }),
    cpus: { ...cpus('Number of CPUs'), since: '1.29' },
    'cpuset-cpus': string('CPUs in which to allow execution (0-3, 0,1)'),
    'cpuset-mems': string('MEMs in which to allow execution (0-3, 0,1)'),
    'kernel-memory': bytes('Kernel memory limit', { hidden: true }),
    memory: bytes('Memory limit', { short: 'm' }),
    'memory-reservation': bytes('Memory soft limit'),
    'memory-swap': memorySwap('Limit of memory and swap together: -1 to enable unlimited swap'),
    'pids-limit': int('Tune container pids limit (set -1 for unlimited)', { since: '1.40' }),
    restart: string('Restart policy to apply when a container exits'),
  },
  async run({ values, changed, args, cli }) {
    if (changed.size === 0) throw new CliError('you must provide one or more flags when using this command');
    const resources: Partial<Resources> = {
      BlkioWeight: values['blkio-weight'],
      CpusetCpus: values['cpuset-cpus'],
      CpusetMems: values['cpuset-mems'],
      CpuShares: values['cpu-shares'],
      Memory: values.memory,
      MemoryReservation: values['memory-reservation'],
      MemorySwap: values['memory-swap'],
      CpuPeriod: values['cpu-period'],
      CpuQuota: values['cpu-quota'],
      CpuRealtimePeriod: values['cpu-rt-period'],
      CpuRealtimeRuntime: values['cpu-rt-runtime'],
      NanoCpus: values.cpus,
      ...(changed.has('kernel-memory') ? { KernelMemory: values['kernel-memory'] } : {}),
      ...(changed.has('pids-limit') ? { PidsLimit: values['pids-limit'] } : {}),
    };
    const RestartPolicy = parseRestartPolicy(values.restart);
    const containers = new Containers(await cli.client());
    const warnings: string[] = [];
    let failed = false;
    for (const name of args) {
      try {
        const response = await containers.update(name, { ...resources, RestartPolicy });
        printLine(name);
        warnings.push(...(response?.Warnings ?? []));
      } catch (error) {
        complain(describe(error));
        failed = true;
      }
    }
    if (warnings.length > 0) printLine(warnings.join('\n'));
    if (failed) throw new ExitStatus(1);
  },
});
