import { messageOf } from '../api/index.ts';
import { CannotConnect, ConnectionLost, EngineError, InvalidEndpoint } from '../client/index.ts';
import { CliError, ExitStatus, UsageError } from './errors.ts';
import type { Place } from './main.ts';
import { complain } from './output.ts';

/** Says what went wrong, in the way of its kind, and returns the exit code. */
export function report(error: unknown, place: Place): number {
  if (error instanceof ExitStatus) return error.exitCode;
  if (error instanceof UsageError) {
    complain(usageMessage(error, place));
    return error.exitCode;
  }
  complain(describe(error));
  return error instanceof CliError ? error.exitCode : 1;
}

/** What went wrong, in one line where it is one of the errors that happen to people. */
export function describe(error: unknown): string {
  if (error instanceof EngineError) return `Error response from daemon: ${error.message}`;
  const expected = [CliError, CannotConnect, ConnectionLost, InvalidEndpoint].some(
    (kind) => error instanceof kind,
  );
  if (expected || isSystemError(error)) return messageOf(error);
  // A defect of ours: whoever reports it needs the whole of it.
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function isSystemError(error: unknown): boolean {
  return (
    error instanceof Error && typeof (error as NodeJS.ErrnoException).code === 'string' && 'syscall' in error
  );
}

function usageMessage(error: UsageError, place: Place): string {
  const program = place.name ? `berth ${place.name}` : 'berth';
  const parts = [error.named ? `berth: ${error.message}` : error.message];
  if (place.usage) parts.push(`Usage:  ${place.usage}`);
  parts.push(error.hint ?? `Run '${program} --help' for more information`);
  return parts.join('\n\n');
}
