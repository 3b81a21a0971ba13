import { ExitStatus } from './errors.ts';
import { complain, printLine } from './output.ts';
import { describe } from './report.ts';

/**
 * Does the same to each named object, some at a time, and prints the name of each for which it worked. Failures are
 * reported in the order of the names and end the command with 1 when all have been tried.
 */
export async function forEachName(
  names: readonly string[],
  act: (name: string) => Promise<unknown>,
  options: { readonly parallel?: number; readonly silent?: boolean } = {},
): Promise<void> {
  const results = inOrder(names, act, options.parallel ?? 1);
  let failed = false;
  for (const [index, name] of names.entries()) {
    try {
      await results[index]!();
      if (!options.silent) printLine(name);
    } catch (error) {
      complain(describe(error));
      failed = true;
    }
  }
  if (failed) throw new ExitStatus(1);
}

/** How many calls are under way at once where Docker does more than one. */
export const PARALLEL = 50;

/** Begins with the first few; waiting for one begins the next. */
function inOrder(
  names: readonly string[],
  act: (name: string) => Promise<unknown>,
  parallel: number,
): (() => Promise<unknown>)[] {
  const started: Promise<unknown>[] = [];
  const begin = (): void => {
    if (started.length >= names.length) return;
    const call = act(names[started.length]!);
    call.catch(() => {});
    started.push(call);
    void call.finally(() => parallel > 1 && begin()).catch(() => {});
  };
  return names.map((_, index) => () => {
    while (started.length <= Math.min(index + parallel - 1, names.length - 1)) begin();
    return started[index]!;
  });
}
