import { DigestMismatch, type IncomingBlob, type OciDescriptor } from '../../../layers/index.ts';
import { RegistryFailure, type Repository, withRetries } from '../../../registry/index.ts';

export interface DownloadOptions {
  readonly attempts: number;
  readonly signal: AbortSignal;
  readonly onProgress: (received: number) => void;
  /** Hears of pauses between attempts, in milliseconds. */
  readonly onPause: (pause: number) => void;
}

/**
 * Receives what is missing of a blob. A broken connection is taken up where it broke, and an attempt that brought
 * something counts as the first. Throws RegistryFailure, and DigestMismatch for bytes beyond those that were announced.
 */
export async function download(
  repository: Repository,
  descriptor: OciDescriptor,
  blob: IncomingBlob,
  { attempts, signal, onProgress, onPause }: DownloadOptions,
): Promise<void> {
  await withRetries({ attempts, signal, patient: true, onPause }, async (progressed) => {
    if (blob.received === descriptor.size) return;
    const part = await repository.blob(descriptor, blob.received, signal);
    let position = part.offset;
    for await (const chunk of part.bytes) {
      // A registry that knows no ranges begins at the beginning.
      const known = Math.min(chunk.length, Math.max(0, blob.received - position));
      position += chunk.length;
      if (position > descriptor.size) throw await tooLong(blob, descriptor);
      if (known === chunk.length) continue;
      await blob.append(chunk.subarray(known));
      progressed();
      onProgress(blob.received);
    }
    if (blob.received < descriptor.size) {
      throw new RegistryFailure(
        `blob ${descriptor.digest}: unexpected EOF: ${blob.received} of ${descriptor.size} bytes were received`,
      );
    }
  });
}

async function tooLong(blob: IncomingBlob, { digest, size }: OciDescriptor): Promise<DigestMismatch> {
  await blob.ruin();
  return new DigestMismatch(
    `filesystem layer verification failed for digest ${digest}: the registry sends more than the ${size} bytes of its manifest`,
  );
}
