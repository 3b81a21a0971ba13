import { Conflict, NotFound } from '../../api/index.ts';
import { type FileView, type LayerPair, mountRootfs, unmountRootfs } from '../../layers/index.ts';
import type { Container } from './container.ts';
import { filesOf } from './mounts/view.ts';
import type { ContainerParts } from './parts.ts';
import { isRunning } from './record.ts';

/** Work on a container's files: it has begun, and `ended` resolves when it needs them no more. */
interface FileWork {
  readonly ended: Promise<unknown>;
}

/**
 * Begins some work on a container's files. Those of a running container are there; those of another are mounted until the
 * work has ended, and until then the container cannot be started. Throws Conflict and what `begin` throws.
 */
export function withFiles<Result extends FileWork>(
  parts: ContainerParts,
  container: Container,
  begin: (view: FileView) => Promise<Result>,
): Promise<Result> {
  const begun = Promise.withResolvers<Result>();
  container.lock
    .run(async () => {
      if (!parts.store.has(container.id)) throw new Conflict(`container ${container.id} is being removed`);
      if (isRunning(container.state)) {
        begun.resolve(await begin(viewOf(container, await filesOf(parts, container))));
        return;
      }
      await using undo = new AsyncDisposableStack();
      mountLayers(parts, container);
      undo.defer(() => unmountRootfs(container.files.rootfs));
      const work = await begin(viewOf(container, await filesOf(parts, container, undo)));
      begun.resolve(work);
      await work.ended;
    })
    .catch((error: unknown) => begun.reject(error));
  return begun.promise;
}

/** Says of work on the layers of a container, which may be removed meanwhile, that there is no such container any more. */
export async function whileThere<T>(
  parts: ContainerParts,
  container: Container,
  body: () => Promise<T>,
): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (!container.removing && parts.store.has(container.id)) throw error;
    throw new NotFound(`No such container: ${container.id}`, { cause: error });
  }
}

/** The writable layer of a container and what is below it. */
export function layersOf(parts: ContainerParts, { record, files }: Container): LayerPair {
  const image = parts.images.get(record.imageId);
  return { upper: files.upper, lowers: image.layers, scratch: files.work };
}

/** Mounts a container's layers together. Undo it with `unmountRootfs`. */
function mountLayers(parts: ContainerParts, { record, files }: Container): void {
  const image = parts.images.get(record.imageId);
  mountRootfs({ lowers: image.layers, upper: files.upper, work: files.work, target: files.rootfs });
}

function viewOf({ files }: Container, mounts: FileView['mounts']): FileView {
  return {
    rootfs: files.rootfs,
    files: {
      '/etc/hosts': files.hosts,
      '/etc/hostname': files.hostname,
      '/etc/resolv.conf': files.resolvConf,
    },
    mounts,
  };
}
