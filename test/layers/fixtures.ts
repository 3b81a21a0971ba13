import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Layer,
  type LayerStore,
  type TarEntryInit,
  type TarInput,
  writeTar,
} from '../../src/layers/index.ts';

/** A folder for one test that is deleted with the result. */
export function scratchFolder(name: string): Disposable & { path: string } {
  const path = mkdtempSync(join(tmpdir(), `berth-${name}-`));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

export const file = (name: string, body = '', more: Partial<TarEntryInit> = {}): TarInput => ({
  entry: { ...more, name },
  body: Buffer.from(body),
});
export const folder = (name: string, more: Partial<TarEntryInit> = {}): TarInput => ({
  entry: { ...more, name, type: 'directory' },
});
export const symlink = (name: string, linkName: string): TarInput => ({
  entry: { name, type: 'symlink', linkName },
});
export const hardLink = (name: string, linkName: string): TarInput => ({
  entry: { name, type: 'link', linkName },
});
export const device = (name: string, major: number, minor: number): TarInput => ({
  entry: { name, type: 'char', major, minor, mode: 0o666 },
});

export async function archive(inputs: Iterable<TarInput> | AsyncIterable<TarInput>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of writeTar(inputs)) parts.push(part);
  return Buffer.concat(parts);
}

let count = 0;

/** Writes bytes to a file in `folder` and hands back its path. */
export function save(folder: string, bytes: Uint8Array): string {
  const path = join(folder, `archive-${count++}`);
  writeFileSync(path, bytes);
  return path;
}

/** Unpacks an archive whose diff ID nobody has told. */
export async function unpackAny(store: LayerStore, path: string): Promise<Layer> {
  await using layer = await store.prepare(path);
  return await layer.publish();
}
