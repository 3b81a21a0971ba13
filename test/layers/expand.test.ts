import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { InvalidArgument } from '../../src/api/index.ts';
import { expand, UNPACK_LIMITS } from '../../src/layers/index.ts';
import { needs } from '../harness/index.ts';

async function expanded(bytes: Buffer, limits = UNPACK_LIMITS): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of expand(inPieces(bytes), limits)) parts.push(part);
  return Buffer.concat(parts);
}

async function* inPieces(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += 5000) yield bytes.subarray(start, start + 5000);
}

const content = Buffer.from(Array.from({ length: 50_000 }, (_, index) => `line ${index}`).join('\n'));

describe('expand', needs('root', 'xz', 'bzip2'), () => {
  for (const program of ['xz', 'bzip2']) {
    const pack = (bytes: Buffer) => execFileSync(program, ['-c'], { input: bytes });

    test(`unpacks ${program}`, async () => {
      assert.deepEqual(await expanded(pack(content)), content);
    });

    test(`refuses ${program} that is cut off, spoiled, or a bomb`, async () => {
      const packed = pack(content);
      await assert.rejects(expanded(packed.subarray(0, packed.length / 2)), InvalidArgument);
      const spoiled = Buffer.from(packed);
      spoiled.fill(0x55, 2000, 2100);
      await assert.rejects(expanded(spoiled), InvalidArgument);
      const bomb = pack(Buffer.alloc(30_000_000));
      const limits = { ...UNPACK_LIMITS, ratioFloor: 1_000_000 };
      await assert.rejects(expanded(bomb, limits), /decompression bomb/);
      await assert.rejects(expanded(packed, { ...limits, size: 1000 }), InvalidArgument);
    });
  }

  test('passes on everything else, and what goes wrong with the source', async () => {
    assert.deepEqual(await expanded(content), content);
    assert.deepEqual(await expanded(Buffer.alloc(0)), Buffer.alloc(0));
    const packed = execFileSync('xz', ['-c'], { input: content });
    const broken = async function* () {
      yield packed.subarray(0, 3000);
      throw new Error('connection lost');
    };
    await assert.rejects(async () => {
      for await (const _part of expand(broken(), UNPACK_LIMITS));
    }, /connection lost/);
  });

  test('ends its program when nobody reads on', async () => {
    for await (const _part of expand(inPieces(execFileSync('xz', ['-c'], { input: content })), UNPACK_LIMITS))
      break;
    const children = execFileSync('ps', ['-o', 'comm=', '--ppid', String(process.pid)], { encoding: 'utf8' });
    assert.doesNotMatch(children, /^xz$/m);
  });
});
