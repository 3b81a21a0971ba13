import { libc } from './libc.ts';

const trimCall = libc.func('int malloc_trim(size_t pad)');

/** malloc_trim(3): gives memory that was freed back to the system, which the C library would keep for later. */
export function trimMemory(): void {
  trimCall(0);
}
