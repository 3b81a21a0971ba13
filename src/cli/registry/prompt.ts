import { isatty } from 'node:tty';
import { CliError } from '../errors.ts';
import { print, printLine } from '../output.ts';

/** Asks for a line on the terminal, without showing it when it is a secret. Throws CliError at Ctrl-C. */
export async function ask(question: string, { secret = false } = {}): Promise<string> {
  print(question);
  const { stdin } = process;
  if (secret && isatty(0)) stdin.setRawMode(true);
  try {
    let line = '';
    for await (const chunk of stdin.iterator({ destroyOnReturn: false })) {
      for (const character of String(chunk)) {
        if (character === '\r' || character === '\n') return line;
        if (character === '\u0003') throw new CliError('', 130);
        line = character === '\u007f' && secret ? line.slice(0, -1) : line + character;
      }
    }
    return line;
  } finally {
    if (secret && isatty(0)) {
      stdin.setRawMode(false);
      printLine('');
    }
  }
}

/** All of standard input, without the newline at its end. */
export async function readSecret(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks)
    .toString()
    .replace(/\r?\n$/, '');
}
