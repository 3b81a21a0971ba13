export { check, errnoName, libc, SyscallError } from './libc.ts';
export * from './mount.ts';
