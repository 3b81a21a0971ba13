import { lookup } from 'node:dns/promises';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { Internal, InvalidArgument, messageOf } from '../../api/index.ts';
import { isMountPoint, umountIfMounted } from '../../linux/index.ts';
import { programPath, run } from '../../runtime/index.ts';
import type { Volume } from './volume.ts';

/** A server that does not answer keeps a mount waiting for minutes; nobody waits longer than this for a container. */
const PATIENCE_SECONDS = 30;
const KILLED = [124, 137];
/** File systems whose `addr` must be a number by the time the kernel gets it. */
const OF_SERVERS = ['nfs', 'nfs4', 'cifs'];
/** Where a mounted volume that is being filled keeps what is not complete. */
export const UNFINISHED = '.berth-unfinished';

/** Mounts the file system that a volume's options name, if it is not there yet. Must hold the volume's lock. Throws Internal. */
export async function mountVolume({ record, files }: Volume): Promise<void> {
  const { type = '', device = '', o = '' } = record.options;
  if (isMountPoint(files.data)) return;
  mkdirSync(files.data, { recursive: true });
  const options = OF_SERVERS.includes(type) ? await withAddress(o) : o;
  // A program of its own, because a thread that waits for a server that is not there could not be made to give up.
  const { code, stderr } = await run(programPath('timeout'), [
    ...['--signal=KILL', String(PATIENCE_SECONDS), programPath('mount'), '--internal-only'],
    ...['--types', type, ...(options === '' ? [] : ['--options', options]), '--', device, files.data],
  ]);
  if (code === 0) {
    rmSync(join(files.data, UNFINISHED), { recursive: true, force: true });
    return;
  }
  const why = KILLED.includes(code)
    ? `no answer within ${PATIENCE_SECONDS} seconds`
    : reasonOf(stderr, type, files.data);
  throw new Internal(
    `error while mounting volume '${files.data}': failed to mount local volume: mount ${device}:${files.data}${options === '' ? '' : `, data: ${options}`}: ${why}`,
  );
}

/** What mount(8) says, without what is in the message already. */
function reasonOf(text: string, type: string, target: string): string {
  const [line = ''] = text.trim().split('\n');
  const reason = line
    .replace(/^mount: /, '')
    .replace(`${target}: `, '')
    .replace(/\.$/, '');
  return isKnown(type)
    ? reason
    : `unknown file system type '${type}': the kernel does not have it: try "modprobe ${type}"`;
}

/** Whether the kernel has a file system now; it may have loaded it just before. */
function isKnown(type: string): boolean {
  const name = type.split('.', 1)[0]!;
  return (
    ['none', 'auto', 'bind'].includes(name) ||
    readFileSync('/proc/filesystems', 'utf8')
      .split('\n')
      .some((line) => line.split('\t')[1] === name)
  );
}

/** Unmounts it; nothing mounted there is no error. */
export function unmountVolume({ files }: Volume): void {
  umountIfMounted(files.data);
}

/** The options with the name in `addr=NAME` resolved. Throws InvalidArgument. */
async function withAddress(options: string): Promise<string> {
  const words = options.split(',');
  const index = words.findIndex((word) => word.startsWith('addr='));
  const name = words[index]?.slice('addr='.length) ?? '';
  if (name === '' || isIP(name) !== 0) return options;
  try {
    words[index] = `addr=${(await lookup(name)).address}`;
    return words.join(',');
  } catch (error) {
    throw new InvalidArgument(
      `error resolving passed in network volume address: ${name}: ${messageOf(error)}`,
      { cause: error },
    );
  }
}
