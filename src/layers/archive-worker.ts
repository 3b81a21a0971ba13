import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
} from 'node:fs';
import { join } from 'node:path';
import { parentPort } from 'node:worker_threads';
import { InvalidArgument, messageOf } from '../api/index.ts';
import {
  close,
  enterMountNamespace,
  MS_BIND,
  MS_NODEV,
  MS_NOEXEC,
  MS_NOSUID,
  MS_RDONLY,
  MS_REC,
  MS_REMOUNT,
  mount,
  openBeneath,
  openInRoot,
  pivotInto,
} from '../linux/index.ts';
import { TarReader } from '../tar/index.ts';
import { extract } from './archive-extract.ts';
import type { ArchiveAnswer, ArchiveJob, FailureReason, FileView, LayerPair } from './archive-jobs.ts';
import { clientPath, type PathStat, statPath } from './archive-stat.ts';
import { TreeWriter } from './archive-tar.ts';
import { decompress } from './compression.ts';
import { LayerDiff } from './diff.ts';
import { mountRootfs } from './mount.ts';
import { copyTree } from './tree-copy.ts';
import { UNPACK_LIMITS } from './unpack/limits.ts';
import { toPath } from './unpack/names.ts';

const READ_SIZE = 256 << 10;
const O_PATH = 0o10000000;
/** No file of a container is a device to the engine. */
const HARMLESS = MS_NODEV | MS_NOSUID | MS_NOEXEC;

// The program of a worker thread that does one job with a container's files, which are all that it can see, and ends.
parentPort!.once('message', (job: ArchiveJob) => {
  run(job).then(
    (result) => say({ kind: 'done', ...result }),
    (error: unknown) => say({ kind: 'failed', reason: reasonOf(error), message: messageOf(error) }),
  );
});

function say(answer: ArchiveAnswer): void {
  parentPort!.postMessage(answer);
}

async function run(job: ArchiveJob): Promise<Omit<ArchiveAnswer & { kind: 'done' }, 'kind'>> {
  enterMountNamespace();
  if (job.kind === 'changes' || job.kind === 'diff') {
    seeLayers(job.layers);
    const diff = new LayerDiff();
    if (job.kind === 'changes') return { changes: diff.changes() };
    say({ kind: 'begun' });
    diff.write(new TreeWriter(job.fd));
    return {};
  }
  if (job.kind === 'copy') {
    seeFolders(job);
    copyTree('from', 'to');
    return {};
  }
  seeFiles(job.view, job.kind !== 'export');
  if (job.kind === 'export') {
    say({ kind: 'begun' });
    const writer = new TreeWriter(job.fd);
    writer.children('', '');
    writer.end();
    return {};
  }
  const path = clientPath(job.path);
  if (job.kind === 'stat') return { stat: statPath(path) };
  if (job.kind === 'read') return readTree(job.fd, path, statPath(path));
  say({ kind: 'begun' });
  const reader = new TarReader(decompress(readAll(job.fd), UNPACK_LIMITS));
  await extract(path, reader, job.options);
  await reader.drain();
  return {};
}

function readTree(fd: number, path: ReturnType<typeof clientPath>, stat: PathStat): object {
  const found = lstatSync(toPath(path.path), { bigint: true });
  say({ kind: 'begun', stat });
  const writer = new TreeWriter(fd);
  writer.tree(path.path, path.base, found);
  writer.end();
  return {};
}

/** Makes the files of a container the only ones that there are. */
function seeFiles({ rootfs, files = {}, mounts = [] }: FileView, withMounts: boolean): void {
  mountHarmless(rootfs, rootfs);
  const root = openSync(rootfs, O_PATH);
  try {
    for (const [path, source] of Object.entries(files)) cover(root, path, source, MS_BIND);
    for (const { source, target, readonly, subpath } of withMounts ? mounts : []) {
      using opened = openSource(source, subpath);
      if (opened === undefined) continue;
      makePlace(root, target, fstatSync(opened.fd).isDirectory());
      cover(root, target, `/proc/thread-self/fd/${opened.fd}`, MS_BIND | MS_REC);
      cover(root, target, undefined, MS_BIND | MS_REMOUNT | HARMLESS | (readonly ? MS_RDONLY : 0));
    }
  } finally {
    closeSync(root);
  }
  pivotInto(rootfs);
}

interface Opened extends Disposable {
  readonly fd: number;
}

/** Node keeps book of what it opens in a thread: everything is closed by whom it was opened. */
function openSource(source: string, subpath: string | undefined): Opened | undefined {
  try {
    const fd = openSync(source, O_PATH);
    const folder = { fd, [Symbol.dispose]: () => closeSync(fd) };
    if (subpath === undefined) return folder;
    using _folder = folder;
    const inside = openBeneath(fd, subpath, O_PATH);
    return { fd: inside, [Symbol.dispose]: () => close(inside) };
  } catch {
    return undefined;
  }
}

/** Makes a folder or an empty file, and the folders above it, where the container has nothing. */
function makePlace(root: number, path: string, isFolder: boolean): void {
  const parts = path.split('/').filter(Boolean);
  for (const [index, name] of parts.entries()) {
    if (isThere(root, parts.slice(0, index + 1).join('/'))) continue;
    const parent = openInRoot(root, parts.slice(0, index).join('/') || '/', O_PATH);
    try {
      const place = `/proc/thread-self/fd/${parent}/${name}`;
      if (isFolder || index < parts.length - 1) mkdirSync(place, 0o755);
      else closeSync(openSync(place, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, 0o755));
    } catch {
      // Something is in its way, a dangling link for instance: the mount is not seen then.
      return;
    } finally {
      close(parent);
    }
  }
}

function isThere(root: number, path: string): boolean {
  try {
    close(openInRoot(root, path, O_PATH));
    return true;
  } catch {
    return false;
  }
}

/** Makes `/from` and `/to` all that there is. */
function seeFolders({ from, path, to }: ArchiveJob & { kind: 'copy' }): void {
  const root = openSync(from, O_PATH);
  const source = openInRoot(root, path, O_PATH | constants.O_DIRECTORY);
  const target = openSync(to, O_PATH);
  mount('tmpfs', from, 'tmpfs', HARMLESS);
  for (const [name, fd] of Object.entries({ from: source, to: target })) {
    mkdirSync(join(from, name));
    mountHarmless(`/proc/thread-self/fd/${fd}`, join(from, name));
  }
  closeSync(root);
  closeSync(target);
  close(source);
  pivotInto(from);
}

/** Mounts a file or folder where the container has it, or changes that mount, if the container has the place for it. */
function cover(root: number, path: string, source: string | undefined, flags: number): void {
  if (source !== undefined && !existsSync(source)) return;
  let place: number;
  try {
    place = openInRoot(root, path, O_PATH);
  } catch {
    return;
  }
  try {
    mount(source ?? 'none', `/proc/thread-self/fd/${place}`, null, flags);
  } finally {
    close(place);
  }
}

/** Makes `/upper` and `/lower` all that there is: a container that moves its files about leads nowhere else. */
function seeLayers({ upper, lowers, scratch }: LayerPair): void {
  mount('tmpfs', scratch, 'tmpfs', HARMLESS);
  const folders = ['upper', 'lower', 'none', 'work'].map((name) => join(scratch, name));
  for (const folder of folders) mkdirSync(folder);
  const [upperPlace = '', lower = '', none = '', work = ''] = folders;
  mountHarmless(upper, upperPlace);
  mountRootfs({ lowers, upper: none, work, target: lower, readonly: true });
  pivotInto(scratch);
}

function mountHarmless(source: string, target: string): void {
  mount(source, target, null, MS_BIND);
  mount('none', target, null, MS_BIND | MS_REMOUNT | HARMLESS);
}

async function* readAll(fd: number): AsyncGenerator<Uint8Array> {
  for (;;) {
    // A new buffer each time: decoders and readers keep hold of what they were given.
    const buffer = Buffer.allocUnsafeSlow(READ_SIZE);
    const length = readSync(fd, buffer, 0, READ_SIZE, null);
    if (length === 0) return;
    yield buffer.subarray(0, length);
  }
}

function reasonOf(error: unknown): FailureReason {
  if (error instanceof InvalidArgument) return 'argument';
  const code = (error as { code?: string }).code ?? '';
  return ['ENOENT', 'ENOTDIR'].includes(code) ? 'missing' : 'machine';
}
