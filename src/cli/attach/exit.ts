import { EngineError, type WaitResponse } from '../../client/index.ts';
import { ExitStatus } from '../errors.ts';
import { complain } from '../output.ts';

/** Ends the command with the container's exit code. */
export async function endWith(exit: Promise<WaitResponse>): Promise<void> {
  const { StatusCode: status, Error: problem } = await exit;
  if (problem?.Message) {
    complain(`Error waiting for container: ${problem.Message}`);
    throw new ExitStatus(125);
  }
  if (status !== 0) throw new ExitStatus(status);
}

/** The exit code for a container that could not be started: 126, 127, or 125 when it is nobody's fault inside. */
export function startFailureCode(error: unknown): number {
  if (!(error instanceof EngineError)) return 125;
  const text = error.message;
  if (/executable file not found|no such file or directory|system cannot find the file/.test(text))
    return 127;
  if (/permission denied|is a directory|not a directory/.test(text)) return 126;
  return 125;
}
