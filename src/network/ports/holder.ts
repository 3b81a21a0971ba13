import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import type { PublishedPort } from './port.ts';

const LISTENING = '0A';

/** Who has a port of the host, as one reads it in an error: `nginx (pid 123)`; undefined when it cannot be found out. */
export function holderOf({ protocol, hostPort }: PublishedPort): string | undefined {
  if (protocol === 'sctp') return undefined;
  const inodes = new Set(
    [`/proc/net/${protocol}`, `/proc/net/${protocol}6`].flatMap((file) => inodesIn(file, hostPort)),
  );
  if (inodes.size === 0) return undefined;
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue;
    if (hasSocket(pid, inodes)) return `${nameOf(pid)} (pid ${pid})`;
  }
  return undefined;
}

/** The inodes of the sockets with a local port; of TCP only listening ones. See proc_net_tcp in proc(5). */
function inodesIn(file: string, port: number): string[] {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const lines = read(file).trim().split('\n').slice(1);
  return lines.flatMap((line) => {
    const [, local = '', , state = '', , , , , , inode = ''] = line.trim().split(/\s+/);
    const counts = file.includes('udp') || state === LISTENING;
    return local.endsWith(`:${hex}`) && counts ? [inode] : [];
  });
}

function hasSocket(pid: string, inodes: ReadonlySet<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => {
      const inode = /^socket:\[(\d+)\]$/.exec(link(`/proc/${pid}/fd/${fd}`))?.[1];
      return inode !== undefined && inodes.has(inode);
    });
  } catch {
    // It has ended.
    return false;
  }
}

function nameOf(pid: string): string {
  return basename(link(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, '')) || read(`/proc/${pid}/comm`).trim();
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
