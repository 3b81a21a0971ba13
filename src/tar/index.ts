export { decodeName, encodeName, type FileTime, isAscii, type TarEntry, type TarEntryType } from './entry.ts';
export { TarReader } from './reader.ts';
export { TAR_END, type TarEntryInit, type TarInput, tarHeader, tarPadding, writeTar } from './writer.ts';
