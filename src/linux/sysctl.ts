import { readFileSync, writeFileSync } from 'node:fs';

/** Reads a kernel parameter by its dotted name, such as `net.ipv4.ip_forward`; undefined when this kernel has none of it. */
export function readSysctl(name: string): string | undefined {
  try {
    return readFileSync(sysctlPath(name), 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Sets a kernel parameter. Those under `net.` belong to the namespace that the thread is in. Throws ENOENT. */
export function writeSysctl(name: string, value: string): void {
  writeFileSync(sysctlPath(name), value);
}

/** A name with a slash in a part (`net/ipv4/conf/eth0.100/forwarding`) is read the other way round, as sysctl(8) does. */
function sysctlPath(name: string): string {
  return `/proc/sys/${name.includes('/') ? name : name.replaceAll('.', '/')}`;
}
