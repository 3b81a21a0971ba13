import { InvalidArgument } from '../api/index.ts';
import { ByteReader } from './bytes.ts';
import { BLOCK, decodeName, paddingOf, type TarEntry } from './entry.ts';
import { isBlank, parseHeader, type RawHeader, typeOfFlag } from './header.ts';
import { type PaxRecords, parsePax, paxNumber, paxTime, XATTR_PREFIX } from './pax.ts';

/** The largest extended header that is read: 1 MiB. */
const MAX_EXTENDED = 1 << 20;

const NO_XATTRS: ReadonlyMap<string, Buffer> = new Map();

/** What the extended headers in front of an entry say about it. */
interface Extensions {
  name?: string;
  linkName?: string;
  pax?: PaxRecords;
}

/**
 * Reads a tar archive: V7, ustar, GNU (long names, base-256 numbers) and PAX (extended attributes included). It keeps
 * at most one extended header in memory. Ask for `next` entry, then, if wanted, for its `body`; what is left of a
 * body is skipped.
 *
 * Everything throws InvalidArgument for an archive that is malformed or truncated. Sparse entries are refused.
 */
export class TarReader {
  readonly #bytes: ByteReader;
  #global: PaxRecords = new Map();
  #bodyLeft = 0;
  #padding = 0;
  #ended = false;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#bytes = new ByteReader(source);
  }

  /** The next entry, or undefined at the end of the archive. */
  async next(): Promise<TarEntry | undefined> {
    const extensions: Extensions = {};
    for (;;) {
      if (this.#bodyLeft + this.#padding > 0) await this.#skipBody();
      const header = await this.#header();
      if (header === undefined) return undefined;
      switch (header.flag) {
        case 'x':
          extensions.pax = parsePax(await this.#extended(header));
          break;
        case 'g':
          this.#global = new Map([...this.#global, ...parsePax(await this.#extended(header))]);
          break;
        case 'L':
          extensions.name = untilZero(await this.#extended(header));
          break;
        case 'K':
          extensions.linkName = untilZero(await this.#extended(header));
          break;
        default:
          return this.#entry(header, extensions);
      }
    }
  }

  /** The content of the entry that `next` gave last, in chunks that are valid until the one after is asked for. */
  async *body(): AsyncGenerator<Buffer, void, undefined> {
    for (let chunk = await this.readBody(); chunk !== undefined; chunk = await this.readBody()) yield chunk;
  }

  /** The next chunk of the body, or undefined at its end. */
  async readBody(): Promise<Buffer | undefined> {
    if (this.#bodyLeft === 0) return undefined;
    const chunk = await this.#bytes.some(this.#bodyLeft);
    this.#bodyLeft -= chunk.length;
    return chunk;
  }

  /** Reads what follows the end of the archive, so that whoever counts or hashes the stream sees all of it. */
  async drain(): Promise<void> {
    await this.#bytes.drain();
  }

  /** Stops reading before the end of the stream. */
  async close(): Promise<void> {
    await this.#bytes.close();
  }

  async #skipBody(): Promise<void> {
    const rest = this.#bodyLeft + this.#padding;
    this.#bodyLeft = 0;
    this.#padding = 0;
    await this.#bytes.skip(rest);
  }

  /** An archive ends with two blocks of zeroes; one, or the mere end of the stream, is taken too, as tar(1) does. */
  async #header(): Promise<RawHeader | undefined> {
    if (this.#ended) return undefined;
    const block = await this.#bytes.take(BLOCK);
    if (block === undefined || isBlank(block)) {
      this.#ended = true;
      return undefined;
    }
    return parseHeader(block);
  }

  async #extended(header: RawHeader): Promise<Buffer> {
    if (header.size < 0 || header.size > MAX_EXTENDED) {
      throw new InvalidArgument(
        `the archive has an extended header of ${header.size} bytes: 1 MiB at most is allowed`,
      );
    }
    if (header.size === 0) return Buffer.alloc(0);
    const body = await this.#bytes.take(header.size);
    if (body === undefined)
      throw new InvalidArgument('the archive is truncated: it ends in an extended header');
    const copy = Buffer.from(body);
    await this.#bytes.skip(paddingOf(header.size));
    return copy;
  }

  #entry(header: RawHeader, extensions: Extensions): TarEntry {
    const pax = extensions.pax ? new Map([...this.#global, ...extensions.pax]) : this.#global;
    const entry: TarEntry = {
      name: extensions.name ?? header.name,
      type: 'file',
      mode: header.mode,
      uid: header.uid,
      gid: header.gid,
      size: header.size,
      mtime: { seconds: header.mtime, nanoseconds: 0 },
      linkName: extensions.linkName ?? header.linkName,
      major: header.major,
      minor: header.minor,
      xattrs: NO_XATTRS,
    };
    if (pax.size > 0) applyPax(entry, pax);
    entry.type = typeOf(header, pax, entry);
    check(entry);
    // A link may state the size of the file it leads to; only a file has content.
    if (entry.type !== 'file') entry.size = 0;
    this.#bodyLeft = entry.size;
    this.#padding = paddingOf(entry.size);
    return entry;
  }
}

function typeOf(header: RawHeader, pax: PaxRecords, entry: TarEntry): TarEntry['type'] {
  const sparse = header.flag === 'S' || [...pax.keys()].some((key) => key.startsWith('GNU.sparse.'));
  if (sparse) {
    throw new InvalidArgument(
      `"${decodeName(entry.name)}" is stored as a sparse file: make the archive without --sparse`,
    );
  }
  const type = typeOfFlag(header.flag);
  if (type === undefined) {
    throw new InvalidArgument(`"${decodeName(entry.name)}" is of an unknown type, "${header.flag}"`);
  }
  // Before POSIX a directory was a file whose name ends with a slash.
  return type === 'file' && entry.name.endsWith('/') ? 'directory' : type;
}

function applyPax(entry: TarEntry, pax: PaxRecords): void {
  const xattrs = new Map<string, Buffer>();
  for (const [key, value] of pax) {
    if (key.startsWith(XATTR_PREFIX)) xattrs.set(key.slice(XATTR_PREFIX.length), value);
    // An empty value takes back what an earlier header said.
    else if (value.length === 0) continue;
    else if (key === 'path') entry.name = value.toString('latin1');
    else if (key === 'linkpath') entry.linkName = value.toString('latin1');
    else if (key === 'size') entry.size = paxNumber(key, value);
    else if (key === 'uid') entry.uid = paxNumber(key, value);
    else if (key === 'gid') entry.gid = paxNumber(key, value);
    else if (key === 'mtime') entry.mtime = paxTime(key, value);
  }
  if (xattrs.size > 0) entry.xattrs = xattrs;
}

const MAX_ID = 0xffff_fffe;

function check(entry: TarEntry): void {
  const name = decodeName(entry.name);
  if (entry.name.includes('\0') || entry.linkName.includes('\0')) {
    throw new InvalidArgument(`"${name.replaceAll('\0', '\\0')}": a name must not contain a zero byte`);
  }
  if (entry.size < 0) throw new InvalidArgument(`"${name}" has a negative size`);
  if (entry.uid < 0 || entry.uid > MAX_ID || entry.gid < 0 || entry.gid > MAX_ID) {
    throw new InvalidArgument(`"${name}" has an owner that does not exist: ${entry.uid}:${entry.gid}`);
  }
}

function untilZero(body: Buffer): string {
  const end = body.indexOf(0);
  return body.toString('latin1', 0, end < 0 ? body.length : end);
}
