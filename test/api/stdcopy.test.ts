import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { FrameDecoder, frame, STDERR, STDOUT } from '../../src/api/index.ts';

suite('multiplexed streams', () => {
  const stream = Buffer.concat([
    frame(STDOUT, Buffer.from('first')),
    frame(STDERR, Buffer.from('second')),
    frame(STDOUT, Buffer.alloc(0)),
    frame(STDOUT, Buffer.from('third')),
  ]);

  test('a frame has the stream and the length before the payload', () => {
    assert.deepEqual([...frame(STDERR, Buffer.from('ab'))], [2, 0, 0, 0, 0, 0, 0, 2, 97, 98]);
  });

  test('frames come apart, wherever the bytes were cut', () => {
    for (let size = 1; size <= stream.length; size++) {
      const decoder = new FrameDecoder();
      const texts = { [STDOUT]: '', [STDERR]: '' };
      for (let at = 0; at < stream.length; at += size) {
        for (const { stream: name, data } of decoder.push(stream.subarray(at, at + size))) {
          texts[name as 1 | 2] += String(data);
        }
      }
      assert.deepEqual(texts, { [STDOUT]: 'firstthird', [STDERR]: 'second' }, `pieces of ${size}`);
    }
  });

  test('bytes that are no frames are refused', () => {
    assert.throws(() => new FrameDecoder().push(Buffer.from('plain text, no frame')), RangeError);
    const endless = Buffer.from([1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
    assert.throws(() => new FrameDecoder().push(endless), RangeError);
  });
});
