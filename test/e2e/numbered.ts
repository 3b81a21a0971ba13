import assert from 'node:assert/strict';

/** A command that writes a numbered line every few milliseconds. */
export const COUNT = ['sh', '-c', 'i=0; while :; do i=$((i+1)); echo "line $i"; usleep 4000; done'];

/** Asserts that the lines of `COUNT` are all there, in order and once each; gives how many. */
export function checkLines(text: string): number {
  const lines = text.trimEnd().split('\n');
  for (const [index, line] of lines.entries()) {
    if (line !== `line ${index + 1}`) assert.fail(`line ${index + 1} is ${JSON.stringify(line)}`);
  }
  return lines.length;
}
