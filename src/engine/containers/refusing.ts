import { InvalidArgument, NotFound } from '../../api/index.ts';

/**
 * Looks something up that a create request names, beside its image. Throws InvalidArgument where it would be NotFound:
 * clients take "not found" for the container's image, and try to pull that.
 */
export function refusing<T>(body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (error instanceof NotFound) throw new InvalidArgument(error.message, { cause: error });
    throw error;
  }
}
