import { connect, type Socket } from 'node:net';
import type { TestEngine } from '../harness/index.ts';

const HOST = 'HTTP/1.1\r\nHost: test\r\n';

/** A POST request as bytes, whose body may be shorter than it announces. */
export function post(path: string, body: string, length = body.length, type = 'application/json'): string {
  return `POST ${path} ${HOST}Content-Type: ${type}\r\nContent-Length: ${length}\r\n\r\n${body}`;
}

/** A GET request by the rules of HTTP/1.0: the end of the connection ends the answer. */
export function get(path: string): string {
  return `GET ${path} HTTP/1.0\r\n\r\n`;
}

/** A request for the connection itself. */
export function upgrade(path: string, body = ''): string {
  const type = body === '' ? '' : 'Content-Type: application/json\r\n';
  const length = `Content-Length: ${body.length}\r\n`;
  return `POST ${path} ${HOST}Upgrade: tcp\r\nConnection: Upgrade\r\n${type}${length}\r\n${body}`;
}

/** A connection to an engine on which a test writes and reads bytes, at its own pace. */
export class Wire implements Disposable {
  readonly #socket: Socket;
  #bytes: Buffer[] = [];

  constructor(engine: TestEngine, bytes: string) {
    this.#socket = connect(engine.socket).on('error', () => {});
    this.#socket.on('data', (chunk: Buffer) => this.#bytes.push(chunk));
    this.#socket.write(bytes);
  }

  /** Reads the head of the answer, without its last empty line. */
  async head(): Promise<string> {
    for (;;) {
      const bytes = Buffer.concat(this.#bytes);
      const end = bytes.indexOf('\r\n\r\n');
      if (end >= 0) {
        this.#bytes = [bytes.subarray(end + 4)];
        return bytes.toString('latin1', 0, end);
      }
      await new Promise<void>((resolve, reject) => {
        this.#socket.once('data', () => resolve());
        this.#socket.once('close', () => reject(new Error(`closed after ${bytes.length} bytes: ${bytes}`)));
      });
    }
  }

  /** Reads no more, so that the engine cannot write for long. */
  pause(): void {
    this.#socket.pause();
  }

  /** Reads on until the engine closes; gives what has come since the head. */
  async rest(): Promise<Buffer> {
    const closed = new Promise((resolve) => this.#socket.once('close', resolve));
    this.#socket.resume();
    if (!this.#socket.destroyed) await closed;
    return Buffer.concat(this.#bytes);
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}
