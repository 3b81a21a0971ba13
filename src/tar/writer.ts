import { BLOCK, paddingOf, type TarEntry, type TarEntryType } from './entry.ts';
import { checksumOf, writeOctal } from './numbers.ts';
import { formatPax, formatPaxTime, XATTR_PREFIX } from './pax.ts';

const flags: Readonly<Record<TarEntryType, string>> = {
  file: '0',
  link: '1',
  symlink: '2',
  char: '3',
  block: '4',
  directory: '5',
  fifo: '6',
};

/** What `tarHeader` needs to know; what is left out is root's, from 1970, with the usual mode. */
export type TarEntryInit = Partial<TarEntry> & Pick<TarEntry, 'name'>;

/** The two blocks of zeroes that end an archive. */
export const TAR_END: Buffer = Buffer.alloc(2 * BLOCK);

/** A complete entry of an archive to be written: `body` has exactly `entry.size` bytes. */
export interface TarInput {
  entry: TarEntryInit;
  body?: Uint8Array | AsyncIterable<Uint8Array>;
}

/**
 * The header of an entry: one ustar block, and a PAX extended header in front of it where a field does not fit. The
 * same entry always gives the same bytes. The content must follow, then `tarPadding(size)`.
 */
export function tarHeader(init: TarEntryInit): Buffer {
  const entry = complete(init);
  const pax: [string, Buffer][] = [];
  const block = ustarBlock(entry, pax);
  for (const name of [...entry.xattrs.keys()].sort())
    pax.push([XATTR_PREFIX + name, entry.xattrs.get(name)!]);
  if (pax.length === 0) return block;
  pax.sort(([a], [b]) => (a < b ? -1 : 1));
  const body = formatPax(pax);
  const extended = ustarBlock(
    complete({ name: 'PaxHeaders/entry', mode: 0o644, size: body.length }),
    [],
    'x',
  );
  return Buffer.concat([extended, body, tarPadding(body.length), block]);
}

/** The zeroes that follow `size` bytes of content. */
export function tarPadding(size: number): Buffer {
  return TAR_END.subarray(0, paddingOf(size));
}

/**
 * Writes an archive: every entry, its content, and the end. Throws Error when a body is not as long as its entry
 * says.
 */
export async function* writeTar(
  inputs: AsyncIterable<TarInput> | Iterable<TarInput>,
): AsyncGenerator<Uint8Array> {
  for await (const { entry, body } of inputs) {
    const size = entry.size ?? (body instanceof Uint8Array ? body.length : 0);
    yield tarHeader({ ...entry, size });
    let written = 0;
    for await (const chunk of body instanceof Uint8Array ? [body] : (body ?? [])) {
      written += chunk.length;
      yield chunk;
    }
    if (written !== size)
      throw new Error(`tar entry ${entry.name}: ${written} bytes of content instead of ${size}`);
    yield tarPadding(size);
  }
  yield TAR_END;
}

function complete(init: TarEntryInit): TarEntry {
  const type = init.type ?? 'file';
  return {
    type,
    mode: type === 'directory' ? 0o755 : type === 'symlink' ? 0o777 : 0o644,
    uid: 0,
    gid: 0,
    size: 0,
    mtime: { seconds: 0, nanoseconds: 0 },
    linkName: '',
    major: 0,
    minor: 0,
    xattrs: new Map(),
    ...init,
  };
}

/** Fills a block and adds to `pax` what does not fit into it. */
function ustarBlock(entry: TarEntry, pax: [string, Buffer][], flag = flags[entry.type]): Buffer {
  const block = Buffer.alloc(BLOCK);
  const number = (key: string, value: number, offset: number, length: number) => {
    if (!writeOctal(block, value, offset, length)) pax.push([key, Buffer.from(String(value))]);
  };
  const name = entry.type === 'directory' && !entry.name.endsWith('/') ? `${entry.name}/` : entry.name;
  writeName(block, name, pax);
  if (!fits(entry.linkName, 100)) pax.push(['linkpath', Buffer.from(entry.linkName, 'latin1')]);
  block.write(entry.linkName.slice(0, 100), 157, 'latin1');
  number('mode', entry.mode & 0o7777, 100, 8);
  number('uid', entry.uid, 108, 8);
  number('gid', entry.gid, 116, 8);
  number('size', entry.size, 124, 12);
  writeTime(block, entry, pax);
  block.write(flag, 156, 'latin1');
  block.write('ustar\x0000', 257, 'latin1');
  writeOctal(block, entry.major, 329, 8);
  writeOctal(block, entry.minor, 337, 8);
  block.write(`${checksumOf(block).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

function writeTime(block: Buffer, { mtime }: TarEntry, pax: [string, Buffer][]): void {
  const whole = writeOctal(block, mtime.seconds, 136, 12);
  if (!whole || mtime.nanoseconds !== 0) pax.push(['mtime', Buffer.from(formatPaxTime(mtime))]);
}

/**
 * A name of up to 100 bytes goes into its field, a longer one is split at a slash if that helps, else it becomes a
 * record.
 */
function writeName(block: Buffer, name: string, pax: [string, Buffer][]): void {
  if (fits(name, 100)) {
    block.write(name, 0, 'latin1');
    return;
  }
  const slash = name.lastIndexOf('/', Math.min(155, name.length - 2));
  if (slash > 0 && fits(name, 256) && name.length - slash - 1 <= 100) {
    block.write(name.slice(slash + 1), 0, 'latin1');
    block.write(name.slice(0, slash), 345, 'latin1');
    return;
  }
  pax.push(['path', Buffer.from(name, 'latin1')]);
  block.write(name.slice(0, 100), 0, 'latin1');
}

/**
 * True when a name fits into a field of the old header as it is. Readers disagree about other bytes than ASCII there.
 */
function fits(name: string, length: number): boolean {
  return name.length <= length && /^[\x20-\x7e]*$/.test(name);
}
