/** What an entry of an archive makes. */
export type TarEntryType = 'file' | 'link' | 'symlink' | 'char' | 'block' | 'directory' | 'fifo';

/** A time of the file system. `nanoseconds` is between 0 and 999,999,999, also before 1970. */
export interface FileTime {
  seconds: number;
  nanoseconds: number;
}

/**
 * One entry of a tar archive. Names are bytes to the kernel, seldom but truly not UTF-8, so `name` and `linkName`
 * hold one byte in each character ('latin1'); `encodeName` and `decodeName` translate.
 */
export interface TarEntry {
  name: string;
  type: TarEntryType;
  /** Permission bits, setuid, setgid and sticky: 12 bits. */
  mode: number;
  uid: number;
  gid: number;
  /** Bytes of content that follow; 0 unless `type` is `file`. */
  size: number;
  mtime: FileTime;
  /** Target of a hard or symbolic link, else empty. */
  linkName: string;
  /** Device numbers, else 0. */
  major: number;
  minor: number;
  /** Extended attributes by name (PAX records `SCHILY.xattr.NAME`). */
  xattrs: ReadonlyMap<string, Buffer>;
}

/** Ordinary text as the name of an entry. */
export function encodeName(text: string): string {
  return isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

/** The name of an entry as text for people. */
export function decodeName(name: string): string {
  return isAscii(name) ? name : Buffer.from(name, 'latin1').toString('utf8');
}

/** True when every byte is below 128, so that bytes and text are the same. */
export function isAscii(name: string): boolean {
  for (let index = 0; index < name.length; index++) {
    if (name.charCodeAt(index) > 0x7f) return false;
  }
  return true;
}

/** The unit of a tar archive in bytes: headers and content are padded to it. */
export const BLOCK = 512;

/** Bytes of padding after `size` bytes of content. */
export function paddingOf(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}
