import { CliError } from '../errors.ts';
import { describe } from '../report.ts';

/** An error of `run` or `create` under the program's name, with the way to the help, as people know it from there. */
export function withHelp(error: unknown, name: string, exitCode: number): CliError {
  return new CliError(
    `berth: ${describe(error)}\n\nRun 'berth ${name} --help' for more information`,
    exitCode,
    { cause: error },
  );
}
