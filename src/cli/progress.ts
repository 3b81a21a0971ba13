import { isatty } from 'node:tty';
import type { ProgressMessage } from '../client/index.ts';
import { CliError } from './errors.ts';
import { write } from './output.ts';
import { humanSize } from './units.ts';

/**
 * Shows a progress stream: on a terminal one line per item that changes in place, elsewhere a line per message. Without
 * `fd` nothing is shown. Throws CliError with the error that the stream ends in.
 */
export async function showProgress(
  messages: AsyncIterable<ProgressMessage>,
  fd: 1 | 2 | undefined,
): Promise<void> {
  const display = fd === undefined ? undefined : new Display(fd);
  for await (const message of messages) {
    const problem = message.errorDetail?.message ?? message.error;
    if (problem !== undefined) throw new CliError(problem);
    display?.show(message);
  }
}

class Display {
  readonly #fd: 1 | 2;
  readonly #terminal: boolean;
  readonly #rows = new Map<string, number>();

  constructor(fd: 1 | 2) {
    this.#fd = fd;
    this.#terminal = isatty(fd);
  }

  show(message: ProgressMessage): void {
    const bar = progressText(message);
    if (message.stream) write(this.#fd, message.stream);
    if (!message.status) return;
    if (!this.#terminal) {
      // Bars only make sense where a line can be written again.
      if (bar === '') write(this.#fd, `${message.id ? `${message.id}: ` : ''}${message.status}\n`);
      return;
    }
    const line = `${message.id ? `${message.id}: ` : ''}${message.status} ${bar}`.trimEnd();
    if (message.id && (message.progressDetail || this.#rows.has(message.id))) this.#rewrite(message.id, line);
    else write(this.#fd, `${line}\n`);
  }

  #rewrite(id: string, line: string): void {
    const known = this.#rows.get(id);
    if (known === undefined) {
      this.#rows.set(id, this.#rows.size);
      write(this.#fd, `${line}\n`);
      return;
    }
    const up = this.#rows.size - known;
    write(this.#fd, `\u001b[${up}A\u001b[2K\r${line}\r\u001b[${up}B`);
  }
}

const BAR = 50;

function progressText({ progressDetail }: ProgressMessage): string {
  const { current = 0, total = 0 } = progressDetail ?? {};
  if (current <= 0 && total <= 0) return '';
  if (total <= 0) return humanSize(current);
  const done = Math.min(BAR, Math.trunc((current / total) * BAR));
  return `[${'='.repeat(done)}>${' '.repeat(Math.max(0, BAR - done))}]  ${humanSize(current)}/${humanSize(total)}`;
}
