/** The engine answered a request with an error status. `message` is the engine's own text. */
export class EngineError extends Error {
  /** HTTP status of the answer. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'EngineError';
    this.status = status;
  }
}

/** No engine answers at the endpoint. */
export class CannotConnect extends Error {
  /** The endpoint as the user wrote it, such as `unix:///run/berth/berth.sock`. */
  readonly host: string;

  constructor(host: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CannotConnect';
    this.host = host;
  }
}

/** The engine hung up in the middle of an answer, or answered with something that is not HTTP. */
export class ConnectionLost extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ConnectionLost';
  }
}

/** An endpoint, context or certificate that the user named cannot be used. */
export class InvalidEndpoint extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'InvalidEndpoint';
  }
}
