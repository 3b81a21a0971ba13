import { spawn } from 'node:child_process';
import { isatty } from 'node:tty';
import { CliError } from '../errors.ts';

export interface Size {
  readonly height: number;
  readonly width: number;
}

/** Throws CliError when a terminal for input is asked for and there is none. */
export function requireTerminal(wanted: boolean): void {
  if (wanted && !isatty(0)) throw new CliError('the input device is not a TTY');
}

/** Whether output goes to a terminal. */
export function outputIsTerminal(): boolean {
  return isatty(1);
}

/** The size of the terminal that output goes to; undefined when it goes elsewhere. */
export function terminalSize(): Size | undefined {
  if (!isatty(1)) return undefined;
  const [width, height] = process.stdout.getWindowSize();
  return width > 0 && height > 0 ? { height, width } : undefined;
}

/** Calls back whenever the terminal's size changes. Returns the way to stop that. */
export function onResize(callback: () => void): () => void {
  process.on('SIGWINCH', callback);
  return () => process.off('SIGWINCH', callback);
}

/**
 * Hands every key to the container and every byte of output to the terminal as it is. Returns the way back, which also
 * runs when the process ends in some other way. Without a terminal on standard input nothing happens.
 */
export async function enterRawMode(): Promise<() => void> {
  const { stdin } = process;
  if (!isatty(0) || typeof stdin.setRawMode !== 'function') return () => {};
  const restore = (): void => {
    process.off('exit', restore);
    stdin.setRawMode(false);
  };
  process.on('exit', restore);
  stdin.setRawMode(true);
  await stopOutputProcessing();
  return restore;
}

/** Node's raw mode lets the terminal still turn newlines into CR LF, which the container's terminal has done already. */
function stopOutputProcessing(): Promise<void> {
  return new Promise((resolve) => {
    const child = spawn('stty', ['-opost'], { stdio: ['inherit', 'ignore', 'ignore'] });
    child.on('error', () => resolve());
    child.on('close', () => resolve());
  });
}
