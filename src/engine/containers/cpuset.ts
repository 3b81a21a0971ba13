import { readFileSync } from 'node:fs';
import { type HostConfig, InvalidArgument } from '../../api/index.ts';

/** The kernel counts no further, whatever the machine has. */
const MAX_NUMBER = 8192;

/** Throws InvalidArgument for processors and memory nodes that the machine does not have; see cpuset(7), List format. */
export function validateCpuset({ CpusetCpus, CpusetMems }: HostConfig): void {
  if (CpusetCpus !== '') check(CpusetCpus, 'CPUs', 'cpuset cpus', 'Cpus_allowed_list');
  if (CpusetMems !== '') check(CpusetMems, 'memory nodes', 'cpuset mems', 'Mems_allowed_list');
}

function check(text: string, what: string, option: string, key: string): void {
  const wanted = parseList(text);
  if (wanted === undefined) throw new InvalidArgument(`Invalid value ${text} for ${option}`);
  const status = readFileSync('/proc/self/status', 'utf8');
  const available = new RegExp(`^${key}:\\s*(\\S+)$`, 'm').exec(status)?.[1] ?? '';
  const have = new Set(parseList(available));
  if (wanted.some((number) => !have.has(number))) {
    throw new InvalidArgument(
      `Requested ${what} are not available - requested ${text}, available: ${available}`,
    );
  }
}

/** The numbers of `0-2,5`; undefined when the text is no such list. */
function parseList(text: string): number[] | undefined {
  const numbers: number[] = [];
  for (const part of text.split(',')) {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part.trim());
    if (match === null) return undefined;
    const [from, to] = [Number(match[1]), Number(match[2] ?? match[1])];
    if (from > to || to > MAX_NUMBER) return undefined;
    for (let number = from; number <= to; number++) numbers.push(number);
  }
  return numbers;
}
