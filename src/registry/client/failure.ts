/** What a registry answered with, or why it could not be asked. Stays in this room: `explain` turns it into a user's error. */
export class RegistryFailure extends Error {
  /** HTTP status of the answer; 0 when there was none. */
  readonly status: number;
  /** The registry's own name for what is wrong, such as `MANIFEST_UNKNOWN`; empty when it has none. */
  readonly code: string;
  /** Milliseconds after which the registry wants to be asked again. */
  readonly retryAfter: number | undefined;

  constructor(message: string, parts: FailureParts = {}) {
    super(message, { cause: parts.cause });
    this.status = parts.status ?? 0;
    this.code = parts.code ?? '';
    this.retryAfter = parts.retryAfter;
  }

  /** Whether the same request may well succeed a little later. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }

  /** Whether there was nobody to ask. */
  get isAbsence(): boolean {
    return /^(?:ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN)$/.test(this.code);
  }
}

export interface FailureParts {
  readonly status?: number;
  readonly code?: string;
  readonly retryAfter?: number | undefined;
  readonly cause?: unknown;
}
