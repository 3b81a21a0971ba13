import { RegistryError } from '../errors.ts';
import type { ByteRange } from '../storage/storage.ts';

/**
 * The part of `size` bytes that a `Range` header asks for (RFC 9110, section 14). Undefined when it asks for all, for several
 * parts, or in a way that nobody knows, which a server may ignore. Throws RANGE_INVALID for one that lies outside.
 */
export function parseRange(header: string | undefined, size: number): ByteRange | undefined {
  const match = /^bytes=(\d{0,16})-(\d{0,16})$/.exec(header ?? '');
  if (!match) return undefined;
  const [, first = '', last = ''] = match;
  if (first === '' && last === '') return undefined;
  const start = first === '' ? Math.max(size - Number(last), 0) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (first !== '' && last !== '' && Number(last) < start) return undefined;
  if (start < size && (first !== '' || Number(last) > 0)) return { start, end };
  throw new RegistryError('RANGE_INVALID', `the range lies outside of ${size} bytes`, {
    headers: { 'Content-Range': `bytes */${size}` },
  });
}

/** The `Content-Range` of a chunk of an upload: `<first>-<last>`, without a unit. Throws BLOB_UPLOAD_INVALID. */
export function parseChunkRange(header: string): { start: number; length: number } {
  const match = /^(?:bytes[ =])?(\d{1,15})-(\d{1,15})(?:\/(?:\d+|\*))?$/.exec(header);
  const start = Number(match?.[1]);
  const length = Number(match?.[2]) - start + 1;
  if (match && length > 0) return { start, length };
  throw new RegistryError(
    'BLOB_UPLOAD_INVALID',
    `Content-Range "${header.slice(0, 80)}" is not of the form first-last`,
  );
}
