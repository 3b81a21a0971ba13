import { check, libc } from './libc.ts';

const EFD_CLOEXEC = 0o2000000;
const EFD_NONBLOCK = 0o4000;

const eventfdCall = libc.func('int eventfd(unsigned int initial, int flags)');

/** A descriptor that becomes readable when any thread writes to it, eventfd(2). Non-blocking. */
export function eventfd(): number {
  return check(eventfdCall(0, EFD_CLOEXEC | EFD_NONBLOCK), 'eventfd');
}
