import type { Random } from '../random.ts';

/** What a container of the chaos does, known to whoever sees its labels. */
export interface Program {
  /** The code with which it ends by itself. */
  readonly code: number;
  /** The code with which it ends when it gets SIGTERM; 137 for one that ignores it, and has to be killed. */
  readonly stopCode: number;
}

/** Exit code of a process that was killed. */
export const KILLED = 137;

/** A program that writes `begin`, numbered lines and, before it ends of its own accord, `end` and its exit code. */
export function drawProgram(random: Random): { program: Program; config: object } {
  const code = random(100);
  const stopCode = random(4) === 0 ? KILLED : 100 + random(20);
  const lines = random(3) === 0 ? 1_000_000 : 1 + random(40);
  const trap = stopCode === KILLED ? "trap '' TERM" : `trap 'echo end ${stopCode}; exit ${stopCode}' TERM`;
  const count = `i=0; while [ $i -lt ${lines} ]; do i=$((i+1)); echo $i; usleep 100000; done`;
  const script = `${trap}; echo begin; ${count}; trap '' TERM; echo end ${code}; exit ${code}`;
  const Labels = { code: String(code), stopCode: String(stopCode) };
  return { program: { code, stopCode }, config: { Image: 'busybox', Cmd: ['sh', '-c', script], Labels } };
}

/** What a log tells of a container's runs. */
export interface Told {
  readonly runs: number;
  /** What the last run said that it ends with; undefined when it was killed, or runs. */
  readonly lastEnd: number | undefined;
}

/** Reads a program's whole log. Throws when a line is missing, twice there, or cut. */
export function readRuns(log: string): Told {
  let runs = 0;
  let next = 0;
  let lastEnd: number | undefined;
  for (const [at, line] of log.split('\n').slice(0, -1).entries()) {
    const end = /^end (\d+)$/.exec(line)?.[1];
    if (line === 'begin') {
      runs++;
      next = 1;
      lastEnd = undefined;
    } else if (runs > 0 && lastEnd === undefined && end !== undefined) {
      lastEnd = Number(end);
    } else if (runs > 0 && lastEnd === undefined && line === String(next)) {
      next++;
    } else {
      throw new Error(
        `line ${at + 1} of the log is ${JSON.stringify(line)} and not ${next}:\n${log.slice(-2000)}`,
      );
    }
  }
  return { runs, lastEnd };
}
