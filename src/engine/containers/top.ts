import { Conflict, Internal, InvalidArgument } from '../../api/index.ts';
import { cgroupProcesses } from '../../linux/index.ts';
import { programPath, run } from '../../runtime/index.ts';
import type { Container } from './container.ts';
import type { ContainerParts } from './parts.ts';
import { isRunning } from './record.ts';

/** What `GET /containers/{id}/top` answers. */
export interface ProcessTable {
  readonly Titles: string[];
  readonly Processes: string[][];
}

/** The container's processes as the host's ps(1) shows them. Throws Conflict, InvalidArgument for what ps refuses. */
export async function top(
  parts: ContainerParts,
  container: Container,
  psArgs: string,
): Promise<ProcessTable> {
  if (!isRunning(container.state)) throw new Conflict(`container ${container.id} is not running`);
  const pids = new Set(cgroupProcesses(parts.cgroupOf(container)));
  const result = await run(programPath('ps'), (psArgs || '-ef').split(/\s+/).filter(Boolean));
  if (result.code !== 0) throw new Internal(`ps: ${result.stderr.trim() || `exit status ${result.code}`}`);
  const [heading = '', ...lines] = result.stdout.trimEnd().split('\n');
  const titles = heading.trim().split(/\s+/);
  const pidColumn = titles.indexOf('PID');
  if (pidColumn < 0) throw new InvalidArgument("Couldn't find PID field in ps output");
  const rows = lines.map((line) => columns(line, titles.length));
  parts.publish(container, 'top');
  return { Titles: titles, Processes: rows.filter((row) => pids.has(Number(row[pidColumn]))) };
}

/** The fields of a line; the last one, the command, keeps its spaces. */
function columns(line: string, count: number): string[] {
  const words = line.trim().split(/\s+/);
  return [...words.slice(0, count - 1), words.slice(count - 1).join(' ')];
}
