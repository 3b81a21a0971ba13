import { closeSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ReadStream } from 'node:tty';
import { openPty, setWindowSize } from '../../src/linux/index.ts';
import { exitCode, start } from './command.ts';

export interface PtyOptions {
  readonly rows?: number;
  readonly columns?: number;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

/** Starts a program on a pseudo-terminal of its own, as a person at a terminal would. */
export function spawnPty(program: string, args: readonly string[], options: PtyOptions = {}): Terminal {
  return new Terminal(program, args, options);
}

/** A program at a pseudo-terminal. Disposing of it kills the program if it still runs. */
export class Terminal {
  /** The exit code of the program, 128 + n after signal n. */
  readonly exited: Promise<number>;
  readonly pid: number;
  readonly #command: string;
  readonly #master: number;
  readonly #stream: ReadStream;
  #output = '';
  #seen = 0;
  #ended = false;

  constructor(program: string, args: readonly string[], options: PtyOptions) {
    this.#command = [program, ...args].join(' ');
    const { master, slave } = openPty();
    this.#master = master;
    setWindowSize(master, options.rows ?? 24, options.columns ?? 80);
    // setsid makes the terminal the controlling one, so that Ctrl-C and resizing reach the program as signals.
    const child = start('setsid', ['--ctty', program, ...args], {
      stdio: [slave, slave, slave],
      env: { TERM: 'xterm', ...(options.env ?? process.env) },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    closeSync(slave);
    this.pid = child.pid ?? 0;
    this.#stream = new ReadStream(master);
    this.#stream.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text;
    });
    // When the last process has closed its side, the kernel answers EIO.
    this.#stream.on('error', () => {});
    this.#stream.on('close', () => {
      this.#ended = true;
    });
    this.exited = exitCode(child);
    this.exited.catch(() => {});
  }

  /** Everything that the program has written so far. */
  get output(): string {
    return this.#output;
  }

  /** Types: '\x03' is Ctrl-C, '\x04' Ctrl-D, '\r' the Enter key. */
  write(text: string): void {
    writeSync(this.#master, text);
  }

  /** Waits until what came after the last match matches `pattern`. Throws with the output after `timeout` ms. */
  async expect(pattern: RegExp, timeout = 10_000): Promise<RegExpExecArray> {
    for (const end = Date.now() + timeout; ; await sleep(5)) {
      const match = pattern.exec(this.#output.slice(this.#seen));
      if (match !== null) {
        this.#seen += match.index + match[0].length;
        return match;
      }
      if (this.#ended || Date.now() > end) {
        const why = this.#ended ? 'the program has ended' : `${timeout} ms have passed`;
        throw new Error(`${this.#command}: no ${pattern} in the output, and ${why}:\n${this.#output}`);
      }
    }
  }

  resize(rows: number, columns: number): void {
    setWindowSize(this.#master, rows, columns);
  }

  /** Waits for the end of the program. Throws with the output after `timeout` ms. */
  async exit(timeout = 10_000): Promise<number> {
    const late = sleep(timeout, undefined, { ref: false }).then(() => {
      throw new Error(`${this.#command}: still running after ${timeout} ms:\n${this.#output}`);
    });
    return Promise.race([this.exited, late]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      process.kill(-this.pid, 'SIGKILL');
    } catch {
      // It has ended.
    }
    this.#stream.destroy();
    await this.exited.catch(() => {});
  }
}
