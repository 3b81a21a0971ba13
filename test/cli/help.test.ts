import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { commands } from '../../src/cli/commands.ts';
import { flagTable } from '../../src/cli/help.ts';
import { needs } from '../harness/index.ts';
import { FakeEngine } from './fake-engine.ts';
import { docker } from './side-by-side.ts';

/** Flags of the official client that we do not have, and why. */
const LEFT_OUT: Readonly<Record<string, readonly string[]>> = {
  // Experimental there, and of the multi-platform store that we do not have.
  images: ['--tree'],
};

/** Flags of our own, which the official client does not have. */
const OUR_OWN: readonly string[] = ['--health-on-failure', '--reach'];

/** Commands that the official client does not have. */
const ALL_OUR_OWN = /^(registry |volume (clone|export|import|rename)$)/;

suite('help shows the flags of the official client', needs('docker'), () => {
  for (const entry of commands.filter(({ hidden }) => !hidden)) {
    // The shortest spelling, or of several in one group the first: the others are aliases, whose usage docker shows by it.
    const path = entry.paths.find((it) => !it.includes(' ')) ?? entry.paths[0]!;
    if (ALL_OUR_OWN.test(path)) continue;
    test(path, async () => {
      // Which flags are shown depends on the engine's version.
      await using engine = await FakeEngine.start();
      const { stdout } = await docker(`unix://${engine.socket}`, [...path.split(' '), '--help']);
      const { command } = await entry.load();
      const ours = Object.keys(command.flags).length > 0 ? flagTable(command.flags) : '';
      const left = LEFT_OUT[path] ?? [];
      assert.deepEqual(
        spellings(ours).filter((line) => !OUR_OWN.some((flag) => line.includes(flag))),
        spellings(stdout).filter((line) => !left.some((flag) => line.includes(flag))),
      );
      assert.equal(
        usage(`Usage:  berth ${path} ${command.use}`),
        usage(stdout).replaceAll('docker', 'berth'),
      );
    });
  }
});

/** The left column: `-f, --format string`. */
function spellings(text: string): string[] {
  return text
    .split('\n')
    .flatMap((line) => /^ {2}(-\w, | {4})--[\w-]+( [a-z][\w-]*)?(?= {2,}| *$)/.exec(line)?.[0] ?? []);
}

function usage(text: string): string {
  return (/^Usage: {2}(.*)$/m.exec(text)?.[1] ?? '').trim();
}
