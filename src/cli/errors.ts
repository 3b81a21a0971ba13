/** Ends the program with a message and an exit code. What a command throws when the user can do something about it. */
export class CliError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode = 1, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CliError';
    this.exitCode = exitCode;
  }
}

/** The arguments cannot be understood. Printed with the command's usage line, or with `hint` where that is given. */
export class UsageError extends CliError {
  /** Whether the message goes under the program's own name, as for a wrong number of arguments. */
  readonly named: boolean;
  readonly hint: string | undefined;

  constructor(message: string, exitCode: number, options: { named?: boolean; hint?: string } = {}) {
    super(message, exitCode);
    this.name = 'UsageError';
    this.named = options.named ?? false;
    this.hint = options.hint;
  }
}

/** The command did its work and ends with this code, silently: the container's own exit code. */
export class ExitStatus extends CliError {
  constructor(exitCode: number) {
    super('', exitCode);
    this.name = 'ExitStatus';
  }
}
