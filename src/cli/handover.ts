import { CliError } from './errors.ts';

/**
 * Lets Node and the sources of this checkout go on in place of this process, for what the compiled client cannot hold.
 * `program` is a path from the checkout's root.
 */
export function handOver(program: string, args: readonly string[]): never {
  const root = checkout();
  const node = `${root}/node_modules/node-linux-${process.arch}/bin/node`;
  const words = [node, '--disable-warning=ExperimentalWarning', '--', `${root}/${program}`, ...args];
  try {
    process.execve?.(node, words, process.env);
  } catch (cause) {
    throw new CliError(`cannot run ${node}: run 'npm start' in ${root} first`, 1, { cause });
  }
  throw new CliError('this program cannot start another one in its place');
}

/** This program is `build/berth` of the checkout, or Node on its `src/cli/start.mjs`. */
function checkout(): string {
  const compiled = /^(.*)\/build\/berth$/.exec(process.execPath);
  const started = /^(.*)\/src\/cli\/start\.mjs$/.exec(process.argv[1] ?? '');
  const root = compiled?.[1] ?? started?.[1];
  if (root === undefined) throw new CliError('cannot find the folder that this program is from');
  return root;
}
