import { setTimeout as sleep } from 'node:timers/promises';
import { RegistryFailure } from './failure.ts';

/** The first pause, and the longest, in milliseconds. */
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 10_000;
/** A registry that wants a longer pause than this is not waited for. */
const PATIENCE = 60_000;

export interface RetryOptions {
  /** Attempts altogether; at least one is made. */
  readonly attempts: number;
  /** Whether to try again also when there is nobody at the address: in the middle of something, not at its beginning. */
  readonly patient?: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Hears of each pause, in milliseconds. */
  readonly onPause?: ((pause: number, failure: RegistryFailure) => void) | undefined;
}

/**
 * Does something that may fail for a passing reason until it works: with growing pauses, or those that the registry asks
 * for. `attempt` may say by `progressed` that it got further than the one before, which makes it count as the first.
 */
export async function withRetries<Result>(
  options: RetryOptions,
  attempt: (progressed: () => void) => Promise<Result>,
): Promise<Result> {
  let failures = 0;
  for (;;) {
    try {
      return await attempt(() => {
        failures = 0;
      });
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!(error instanceof RegistryFailure) || !error.isPassing) throw error;
      if (error.isAbsence && !options.patient) throw error;
      failures++;
      const pause = error.retryAfter ?? pauseAfter(failures);
      if (failures >= options.attempts || pause > PATIENCE) throw error;
      options.onPause?.(pause, error);
      await sleep(pause, undefined, options.signal ? { signal: options.signal } : {});
    }
  }
}

/** Longer each time, and never the same for all who were cut off at once. */
function pauseAfter(failures: number): number {
  return Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** failures) * (0.5 + Math.random() / 2);
}
