import { writeSync } from 'node:fs';
import { close } from './fd.ts';
import { check, libc } from './libc.ts';

const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
const F_ADD_SEALS = 1033;
/** F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE: for ever as it is. */
const ALL_SEALS = 0xf;

const memfdCall = libc.func('int memfd_create(const char *name, unsigned int flags)');
const fcntlCall = libc.func('int fcntl(int fd, int command, ...)');

/** A file in memory that nobody can change any more, memfd_create(2). Gives its descriptor. Throws SyscallError. */
export function sealedFile(name: string, content: Buffer): number {
  const fd = check(memfdCall(name, MFD_CLOEXEC | MFD_ALLOW_SEALING), 'memfd_create', name);
  try {
    for (let at = 0; at < content.length; ) at += writeSync(fd, content, at);
    check(fcntlCall(fd, F_ADD_SEALS, 'int', ALL_SEALS), 'fcntl', name);
    return fd;
  } catch (error) {
    close(fd);
    throw error;
  }
}
