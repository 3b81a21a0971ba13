import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { InvalidArgument, messageOf } from '../api/index.ts';
import { MEDIA_TYPES } from './media-types.ts';

/** How a stream of bytes is packed, as its first bytes tell. */
export type Compression = 'none' | 'gzip' | 'zstd';

/** Bytes that `detectCompression` needs to see. */
const MAGIC_LENGTH = 6;
/** What one step of a decoder gives at most. */
const CHUNK = 256 << 10;

/** How much a compressed stream may hold. */
export interface SizeLimits {
  /** Bytes after decompression at most. */
  size: number;
  /** Bytes after decompression for each byte before at most, once there are more than `ratioFloor` of them. */
  ratio: number;
  ratioFloor: number;
}

/** Packings that Node knows nothing of. */
export type ForeignCompression = 'bzip2' | 'xz';

/** Tells one of them from the first bytes. */
export function foreignCompression(head: Buffer): ForeignCompression | undefined {
  const hex = head.toString('hex', 0, MAGIC_LENGTH);
  if (hex.startsWith('425a68')) return 'bzip2';
  return hex === 'fd377a585a00' ? 'xz' : undefined;
}

/** Tells the compression from the first bytes. Throws InvalidArgument for bzip2 and xz, which layers may not have. */
export function detectCompression(head: Buffer): Compression {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  if (head.length >= 4) {
    const magic = head.readUInt32LE(0);
    // A zstd stream may begin with a frame that decoders skip.
    if (magic === 0xfd2fb528 || (magic & 0xfffffff0) >>> 0 === 0x184d2a50) return 'zstd';
  }
  const foreign = foreignCompression(head);
  if (foreign === undefined) return 'none';
  throw new InvalidArgument(`the archive is compressed with ${foreign}: recompress it with gzip or zstd`);
}

/** True when the first bytes of a file are those of a tar archive, or of something compressed. At least 512 are needed. */
export function looksLikeArchive(head: Buffer): boolean {
  return head.toString('latin1', 257, 262) === 'ustar' || detectCompression(head) !== 'none';
}

/** The media type of a layer archive in a file, by how it is compressed. Throws InvalidArgument as above. */
export async function layerMediaType(path: string): Promise<string> {
  await using file = await open(path, 'r');
  const { buffer, bytesRead } = await file.read(Buffer.alloc(MAGIC_LENGTH), 0, MAGIC_LENGTH, 0);
  const compression = detectCompression(buffer.subarray(0, bytesRead));
  return compression === 'none' ? MEDIA_TYPES.layer : `${MEDIA_TYPES.layer}+${compression}`;
}

/**
 * The bytes of a stream, decompressed if they are compressed. Throws InvalidArgument when the compressed data is
 * corrupted or truncated, or holds more than `limits` allow; stops reading then.
 */
export async function* decompress(
  source: AsyncIterable<Uint8Array>,
  limits: SizeLimits,
): AsyncGenerator<Uint8Array> {
  const { head, whole } = await peek(source);
  const compression = detectCompression(head);
  yield* limited(
    whole,
    (counted) => (compression === 'none' ? counted : decode(counted, compression)),
    limits,
  );
}

/** What a decoder makes of a stream. Throws InvalidArgument when that is more than `limits` allow. */
export async function* limited(
  source: AsyncIterable<Uint8Array>,
  decoder: (counted: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>,
  limits: SizeLimits,
): AsyncGenerator<Uint8Array> {
  let packed = 0;
  let unpacked = 0;
  const counted = async function* () {
    for await (const chunk of source) {
      packed += chunk.length;
      yield chunk;
    }
  };
  for await (const chunk of decoder(counted())) {
    unpacked += chunk.length;
    if (unpacked > limits.size) throw new InvalidArgument(`the archive holds more than ${limits.size} bytes`);
    if (unpacked > limits.ratioFloor && unpacked > packed * limits.ratio) {
      throw new InvalidArgument(
        `the archive unpacks to more than ${limits.ratio} times its size: refused as a decompression bomb`,
      );
    }
    yield chunk;
  }
}

async function* decode(
  source: AsyncIterable<Uint8Array>,
  compression: 'gzip' | 'zstd',
): AsyncGenerator<Uint8Array> {
  const decoder =
    compression === 'gzip' ? createGunzip({ chunkSize: CHUNK }) : createZstdDecompress({ chunkSize: CHUNK });
  let sourceError: unknown;
  const guarded = async function* () {
    try {
      yield* source;
    } catch (error) {
      sourceError = error;
      throw error;
    }
  };
  const feeding = pipeline(Readable.from(guarded(), { objectMode: false, highWaterMark: CHUNK }), decoder);
  // The decoder hands the same error to the loop below.
  feeding.catch(() => {});
  try {
    yield* decoder as AsyncIterable<Buffer>;
  } catch (error) {
    if (sourceError !== undefined) throw sourceError;
    throw new InvalidArgument(`corrupted ${compression} stream: ${messageOf(error)}`, { cause: error });
  }
}

/** Looks at the first bytes of a stream without losing them. */
export async function peek(
  source: AsyncIterable<Uint8Array>,
): Promise<{ head: Buffer; whole: AsyncIterable<Uint8Array> }> {
  const iterator = source[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  let length = 0;
  while (length < MAGIC_LENGTH) {
    const { done, value } = await iterator.next();
    if (done) break;
    first.push(value);
    length += value.length;
  }
  const rest = { [Symbol.asyncIterator]: () => iterator };
  const whole = async function* () {
    yield* first;
    yield* rest;
  };
  return { head: Buffer.concat(first).subarray(0, MAGIC_LENGTH), whole: whole() };
}
