/**
 * The framing of Docker's multiplexed streams: eight bytes before each chunk, of which the first names the stream and
 * the last four give the chunk's length, big-endian.
 */
export const STDIN = 0;
export const STDOUT = 1;
export const STDERR = 2;
/** An error of the engine itself, in the middle of a stream. */
export const SYSTEM_ERROR = 3;

export const FRAME_HEADER_SIZE = 8;

/** A frame longer than this is taken for a stream that is not framed at all. */
const MAX_FRAME = 16 * 1024 * 1024;

/** Writes a frame's header at the front of `target`. */
export function writeFrameHeader(target: Buffer, stream: number, length: number): void {
  target.writeUInt32BE(stream << 24, 0);
  target.writeUInt32BE(length, 4);
}

/** The header of a frame with so many bytes. */
export function frameHeader(stream: number, length: number): Buffer {
  const header = Buffer.allocUnsafe(FRAME_HEADER_SIZE);
  writeFrameHeader(header, stream, length);
  return header;
}

/** `payload` as one frame. */
export function frame(stream: number, payload: Buffer): Buffer {
  const framed = Buffer.allocUnsafe(FRAME_HEADER_SIZE + payload.length);
  writeFrameHeader(framed, stream, payload.length);
  payload.copy(framed, FRAME_HEADER_SIZE);
  return framed;
}

/** A piece of one stream, as it came: a frame may be handed on in several. */
export interface Chunk {
  readonly stream: number;
  readonly data: Buffer;
}

/**
 * Takes frames apart, however the bytes were cut up on their way. Payload is handed on as it arrives, without waiting
 * for the rest of its frame. Throws RangeError when the bytes are no frames.
 */
export class FrameDecoder {
  readonly #header = Buffer.alloc(FRAME_HEADER_SIZE);
  #have = 0;
  #stream = 0;
  #remaining = 0;

  push(bytes: Buffer): Chunk[] {
    const chunks: Chunk[] = [];
    let at = 0;
    while (at < bytes.length) {
      if (this.#remaining > 0) {
        const data = bytes.subarray(at, at + this.#remaining);
        at += data.length;
        this.#remaining -= data.length;
        chunks.push({ stream: this.#stream, data });
      } else {
        const copied = bytes.copy(this.#header, this.#have, at);
        at += copied;
        this.#have += copied;
        if (this.#have === FRAME_HEADER_SIZE) this.#begin();
      }
    }
    return chunks;
  }

  #begin(): void {
    this.#have = 0;
    this.#stream = this.#header.readUInt8(0);
    this.#remaining = this.#header.readUInt32BE(4);
    if (this.#stream > SYSTEM_ERROR || this.#remaining > MAX_FRAME) {
      throw new RangeError(
        'the stream is not multiplexed: a frame has an unknown stream or an impossible length',
      );
    }
  }
}
