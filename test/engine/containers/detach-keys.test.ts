import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { InvalidArgument } from '../../../src/api/index.ts';
import { DetachFilter, parseDetachKeys } from '../../../src/engine/containers/detach-keys.ts';

suite('detach keys', () => {
  test('their names', () => {
    assert.deepEqual([...parseDetachKeys('ctrl-p,ctrl-q')], [16, 17]);
    assert.deepEqual(
      [...parseDetachKeys('a,ctrl-A,ctrl-@,ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_')],
      [97, 1, 0, 27, 28, 29, 30, 31],
    );
    for (const wrong of ['', 'ab', 'ctrl-', 'ctrl-1', 'alt-x', 'a,,b'])
      assert.throws(() => parseDetachKeys(wrong), InvalidArgument, wrong);
  });

  /** What is passed on of some input, and whether it detaches. */
  const filter = (pieces: string[]): { passed: string; detached: boolean } => {
    const result = { passed: '', detached: false };
    const transform = new DetachFilter(parseDetachKeys('ctrl-p,ctrl-q'), () => {
      result.detached = true;
    });
    transform.on('data', (bytes: Buffer) => {
      result.passed += String(bytes);
    });
    for (const piece of pieces) if (!result.detached) transform.write(piece);
    if (!result.detached) transform.end();
    transform.read();
    return result;
  };

  test('input passes; the sequence does not and detaches, in one piece or in two', () => {
    assert.deepEqual(filter(['abc']), { passed: 'abc', detached: false });
    for (const pieces of [['ab\x10\x11'], ['ab\x10', '\x11'], ['ab', '\x10', '\x11cd']])
      assert.deepEqual(filter(pieces), { passed: 'ab', detached: true });
  });

  test('the beginning of a sequence that turns out to be none passes', () => {
    assert.deepEqual(filter(['\x10x']), { passed: '\x10x', detached: false });
    assert.deepEqual(filter(['\x10', '\x10', 'x']), { passed: '\x10\x10x', detached: false });
    assert.deepEqual(filter(['\x10\x10\x11']), { passed: '\x10', detached: true });
    assert.deepEqual(filter(['end\x10']), { passed: 'end\x10', detached: false });
  });
});
