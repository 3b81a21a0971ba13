import { createHash } from 'node:crypto';
import { chmodSync, closeSync, openSync, rmSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { InvalidArgument, messageOf } from '../../api/index.ts';
import { enterRoot } from '../../linux/index.ts';
import { TarReader } from '../../tar/index.ts';
import { decompress } from '../compression.ts';
import { readGrowing } from '../growing-file.ts';
import type { Job, JobAnswer, JobResult, UnpackJob, UnpackResult } from './jobs.ts';
import { unpackLayer } from './layer.ts';
import { summarise } from './summary.ts';

/** The program of a worker thread: it makes and removes the many files of layers with calls that block it alone. */
parentPort!.on('message', (job: Job) => {
  run(job).then(
    (result) => answer({ ok: true, result }),
    (error) =>
      answer({
        ok: false,
        fault: error instanceof InvalidArgument ? 'archive' : 'machine',
        message: messageOf(error),
      }),
  );
});

function answer(message: JobAnswer): void {
  parentPort!.postMessage(message);
}

async function run(job: Job): Promise<JobResult> {
  if (job.kind === 'unpack') return unpack(job);
  if (job.kind === 'summarise') return summarise(job.folder);
  rmSync(job.folder, { recursive: true, force: true });
  return undefined;
}

async function unpack({ archive, growth, folder, limits }: UnpackJob): Promise<UnpackResult> {
  const fd = openSync(archive, 'r');
  try {
    // The archive is open and all code is loaded: from here on the thread sees nothing but the layer's folder.
    using _confined = enterRoot(folder);
    // An archive need not say anything about its root.
    chmodSync('/', 0o755);
    const hash = createHash('sha256');
    const reader = new TarReader(hashed(decompress(readGrowing(fd, growth), limits), hash));
    try {
      const { size } = await unpackLayer(reader, limits);
      await reader.drain();
      return { diffId: `sha256:${hash.digest('hex')}`, size, tree: summarise('/') };
    } finally {
      await reader.close();
    }
  } finally {
    closeSync(fd);
  }
}

async function* hashed(source: AsyncIterable<Uint8Array>, hash: ReturnType<typeof createHash>) {
  for await (const chunk of source) {
    hash.update(chunk);
    yield chunk;
  }
}
