import { CliError } from './errors.ts';
import { print } from './output.ts';

/** Asks for a `y` on standard input. Throws CliError when the answer is anything else. */
export async function confirm(warning: string): Promise<void> {
  print(`${warning}\nAre you sure you want to continue? [y/N] `);
  const answer = await readLine();
  if (answer.trim().toLowerCase() !== 'y')
    throw new CliError('the prompt was not answered with y: nothing was done');
}

async function readLine(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin) {
    text += String(chunk);
    if (text.includes('\n')) break;
  }
  return text.split('\n')[0] ?? '';
}
