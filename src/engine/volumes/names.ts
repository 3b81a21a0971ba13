import { randomBytes } from 'node:crypto';
import { InvalidArgument } from '../../api/index.ts';

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;
/** Of the kernel, for the name of a folder. */
const NAME_MAX = 255;

/** A name that nobody has given. */
export function anonymousName(): string {
  return randomBytes(32).toString('hex');
}

/** Throws InvalidArgument for what cannot be the name of a volume. */
export function validateVolumeName(name: string): void {
  if (name.length === 1) {
    throw new InvalidArgument(
      'volume name is too short, names should be at least two alphanumeric characters',
    );
  }
  if (!NAME.test(name) || name.length > NAME_MAX) {
    throw new InvalidArgument(
      `create ${name}: "${name}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
    );
  }
}
