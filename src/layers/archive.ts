import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { InvalidArgument } from '../api/index.ts';
import { blockingStreamPair } from '../linux/index.ts';
import type { ArchiveJob, ExtractOptions, FileView, LayerPair } from './archive-jobs.ts';
import type { PathStat } from './archive-stat.ts';
import { begin, type Work } from './archive-thread.ts';
import type { Change } from './diff.ts';

/** Bytes of an archive that a worker thread writes. Destroying it ends the work. */
export interface ArchiveStream {
  /** Fails when the archive cannot be completed: what was read until then is not all. */
  readonly content: Readable;
  readonly stat: PathStat | undefined;
  /** Resolves when the thread no longer needs the files, whatever has become of the archive. */
  readonly ended: Promise<void>;
}

/** The ends that the engine holds of archives under way, and when the thread at the other end is gone. */
const underWay = new Map<Socket, Promise<void>>();

/**
 * Breaks off every archive under way. Resolves when their threads are gone: one that waits in the kernel, for a client that
 * does not read, would keep the process from ending.
 */
export async function breakOffArchives(): Promise<void> {
  const all = [...underWay];
  for (const [socket] of all) socket.destroy();
  await Promise.all(all.map(([, ended]) => ended));
}

function keepTrack(socket: Socket, ended: Promise<void>): void {
  underWay.set(socket, ended);
  void ended.then(() => underWay.delete(socket));
}

/** What is at a path in a container. Throws NotFound, with the kernel's text. */
export async function statInView(view: FileView, path: string): Promise<PathStat> {
  const work = await begin({ kind: 'stat', view, path });
  return (await work.done).stat!;
}

/** The archive of what is at a path in a container: of the link itself when it is one. Throws NotFound. */
export function readFromView(view: FileView, path: string): Promise<ArchiveStream> {
  return writing((fd) => ({ kind: 'read', view, path, fd }));
}

/** The archive of all files of a container. */
export function exportView(view: FileView): Promise<ArchiveStream> {
  return writing((fd) => ({ kind: 'export', view, fd }));
}

/** A container's writable layer as an archive by the OCI image specification. */
export function diffLayers(layers: LayerPair): Promise<ArchiveStream> {
  return writing((fd) => ({ kind: 'diff', layers, fd }));
}

/** What differs between a container's files and its image's. */
export async function changesBetween(layers: LayerPair): Promise<Change[]> {
  const work = await begin({ kind: 'changes', layers });
  return (await work.done).changes!;
}

/** An archive that a worker thread unpacks. */
export interface Extraction {
  /** Throws NotFound (no such folder), InvalidArgument (the archive, or no folder), Internal. */
  readonly done: Promise<void>;
  /** Resolves when the thread no longer needs the files. */
  readonly ended: Promise<void>;
}

/** Makes the files of an archive, compressed or not, in a folder of a container. Resolves when that has begun. */
export async function extractIntoView(
  view: FileView,
  path: string,
  archive: Readable,
  options: ExtractOptions,
): Promise<Extraction> {
  const [near, far] = blockingStreamPair();
  const socket = new Socket({ fd: near, readable: false, writable: true });
  const work = await begin({ kind: 'extract', view, path, fd: far, options });
  const ended = work.ended.finally(() => {
    closeSync(far);
    socket.destroy();
  });
  keepTrack(socket, ended);
  const fed = feed(archive, socket);
  await work.begun.catch(() => {});
  return { done: finish(work, fed), ended };
}

/**
 * Copies everything in the folder `path` of the root `from`, in which links lead where they do for a container, into the empty
 * folder `to`, which becomes like it. Both are absolute. Throws NotFound, Internal; then `to` may hold a part.
 */
export async function copyFolder(from: string, path: string, to: string): Promise<void> {
  const work = await begin({ kind: 'copy', from, path, to });
  try {
    await work.done;
  } finally {
    await work.ended;
  }
}

async function finish(work: Work, fed: Promise<Error | undefined>): Promise<void> {
  await work.done;
  await work.ended;
  const failure = await fed;
  if (failure !== undefined)
    throw new InvalidArgument(`the archive ended early: ${failure.message}`, { cause: failure });
}

/**
 * Passes an archive on. A worker that fails reads no further: the rest of the archive is left where it is, because what it
 * comes through may have to carry the answer.
 */
function feed(archive: Readable, socket: Socket): Promise<Error | undefined> {
  return new Promise((resolve) => {
    const breakOff = (error: Error) => {
      socket.destroy();
      resolve(error);
    };
    archive
      .once('end', () => resolve(undefined))
      .once('error', breakOff)
      .once('close', () => {
        if (!archive.readableEnded) breakOff(new Error('its sender has gone'));
      });
    socket
      .on('error', () => {})
      .once('close', () => {
        archive.unpipe(socket);
        resolve(undefined);
      });
    archive.pipe(socket);
  });
}

async function writing(jobFor: (fd: number) => ArchiveJob): Promise<ArchiveStream> {
  const [near, far] = blockingStreamPair();
  const content = new Socket({ fd: near, readable: true, writable: false });
  // Until somebody reads, whose business errors are then.
  content.on('error', () => {});
  const work = await begin(jobFor(far));
  const ended = work.ended.finally(() => closeSync(far));
  keepTrack(content, ended);
  work.done.catch((error: Error) => content.destroy(error));
  try {
    return { content, stat: await work.begun, ended };
  } catch (error) {
    content.destroy();
    await ended;
    throw error;
  }
}
