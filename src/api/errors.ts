/**
 * The closed set of errors that the platform raises on purpose. Each class knows the HTTP status that the
 * Engine API gives it; the message is what the user reads, so it names the object and says what to do.
 * Anything else that is thrown is a defect and becomes a 500.
 */
export abstract class BerthError extends Error {
  /** HTTP status of the Engine API's answer. */
  abstract readonly status: number;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The request itself is wrong: a bad parameter, body, name or archive. */
export class InvalidArgument extends BerthError {
  readonly status = 400;
}

/** Credentials are missing or wrong. */
export class Unauthorized extends BerthError {
  readonly status = 401;
}

/** The request is understood and never allowed, whatever the credentials. */
export class Forbidden extends BerthError {
  readonly status = 403;
}

/** The named object does not exist. */
export class NotFound extends BerthError {
  readonly status = 404;
}

/** The object is in a state, or bears a name, that excludes the request. */
export class Conflict extends BerthError {
  readonly status = 409;
}

/** The object already is as asked; answered without a body. */
export class NotModified extends BerthError {
  readonly status = 304;
}

/** This engine does not offer the feature. */
export class NotImplemented extends BerthError {
  readonly status = 501;
}

/** The feature exists but cannot be used now, or on this node. */
export class Unavailable extends BerthError {
  readonly status = 503;
}

/** Something under the engine failed: the kernel, the runtime, the disk. */
export class Internal extends BerthError {
  readonly status = 500;
}

/**
 * The container's process could not be started. Clients turn the exit code into their own: 126 (not executable),
 * 127 (not found) or 128 (anything else). Status as dockerd: 400 for 126 and 127, 500 for 128.
 */
export class StartFailed extends BerthError {
  readonly status: 400 | 500;
  readonly exitCode: 126 | 127 | 128;

  constructor(exitCode: 126 | 127 | 128, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
    this.status = exitCode === 128 ? 500 : 400;
  }
}

/** The HTTP status for anything thrown. */
export function statusOf(error: unknown): number {
  return error instanceof BerthError ? error.status : 500;
}

/** The text of anything thrown, for users and logs. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
