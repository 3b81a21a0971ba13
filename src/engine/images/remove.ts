import {
  Conflict,
  familiarReference,
  type ImageDeleteItem,
  type ImageReference,
  parseReference,
  withDefaultTag,
} from '../../api/index.ts';
import { chainIdOf, type Digest } from '../../layers/index.ts';
import { dropUnused } from './install.ts';
import type { ImageParts } from './parts.ts';
import type { StoredImage } from './record.ts';
import { isIdOf, noSuchImage, resolveImage } from './resolve.ts';

/** Publishes an event of an image. */
export type Announce = (image: StoredImage, action: string, name?: string) => void;

/**
 * Takes a name from an image, and removes the image itself when it was the last one, by Docker's rules: a running
 * container keeps its image from removal whatever `force` says, a stopped one and names in several repositories
 * unless `force`. Says what is gone. Throws NotFound and Conflict.
 */
export async function removeImage(
  parts: ImageParts,
  text: string,
  force: boolean,
  announce: Announce,
): Promise<ImageDeleteItem[]> {
  const image = resolveImage(parts.store, text);
  return isIdOf(image.id, text)
    ? removeById(parts, image, force, announce)
    : removeByName(parts, image, text, force, announce);
}

/** Removes the layers and the record of images that were removed by force once no container needs them any more. */
export async function collectRemoved(parts: ImageParts): Promise<void> {
  for (const id of parts.store.removed()) {
    const image = parts.store.find(id, { removed: true });
    if (image !== undefined && parts.usersOf(id).length === 0) await forget(parts, image);
  }
}

async function removeByName(
  parts: ImageParts,
  image: StoredImage,
  text: string,
  force: boolean,
  announce: Announce,
): Promise<ImageDeleteItem[]> {
  const reference = withDefaultTag(parseReference(text));
  const [user] = parts.usersOf(image.id);
  if (!force && user !== undefined && inOneRepository(parts, image)) {
    throw new Conflict(
      `conflict: unable to remove repository reference "${text}" (must force) - ` +
        `container ${short(user.id)} is using its referenced image ${short(image.id)}`,
    );
  }
  if (parts.store.idOf(reference) === undefined) throw noSuchImage(text);
  const items = untag(parts, image, [reference, ...orphanedDigests(parts, image, reference)], announce);
  const { tags, digests } = parts.store.names(image.id);
  if (tags.length + digests.length > 0) return items;
  // The name is gone, which is what was asked for; the image stays with whoever uses it.
  if (parts.usersOf(image.id).some(({ running }) => running || !force)) return items;
  return [...items, ...(await deleteImage(parts, image, announce))];
}

async function removeById(
  parts: ImageParts,
  image: StoredImage,
  force: boolean,
  announce: Announce,
): Promise<ImageDeleteItem[]> {
  const users = parts.usersOf(image.id);
  const running = users.find((user) => user.running);
  if (running)
    throw conflict(
      image.id,
      'cannot be forced',
      `image is being used by running container ${short(running.id)}`,
    );
  if (!force && !inOneRepository(parts, image)) {
    throw conflict(image.id, 'must be forced', 'image is referenced in multiple repositories');
  }
  const [stopped] = users;
  if (!force && stopped) {
    throw conflict(
      image.id,
      'must be forced',
      `image is being used by stopped container ${short(stopped.id)}`,
    );
  }
  const { tags, digests } = parts.store.names(image.id);
  const items = untag(parts, image, [...tags, ...digests], announce);
  return [...items, ...(await deleteImage(parts, image, announce))];
}

function untag(
  { store }: ImageParts,
  image: StoredImage,
  references: readonly ImageReference[],
  announce: Announce,
): ImageDeleteItem[] {
  store.durable(() => {
    for (const reference of references) store.unname(reference);
  });
  return references.map((reference) => {
    announce(image, 'untag');
    return { Untagged: familiarReference(reference) };
  });
}

/** Digests of a repository whose last tag goes: nobody would find the image under them. */
function orphanedDigests({ store }: ImageParts, image: StoredImage, gone: ImageReference): ImageReference[] {
  if (gone.digest !== undefined) return [];
  const sameRepository = (other: ImageReference) => other.domain === gone.domain && other.path === gone.path;
  const { tags, digests } = store.names(image.id);
  const another = tags.some((other) => sameRepository(other) && other.tag !== gone.tag);
  return another ? [] : digests.filter(sameRepository);
}

/** True when removing the image takes one tag at most, and digests of the same repository. */
function inOneRepository({ store }: ImageParts, image: StoredImage): boolean {
  const { tags, digests } = store.names(image.id);
  const repositories = new Set([...tags, ...digests].map(({ domain, path }) => `${domain}/${path}`));
  return tags.length <= 1 && repositories.size <= 1;
}

async function deleteImage(
  parts: ImageParts,
  image: StoredImage,
  announce: Announce,
): Promise<ImageDeleteItem[]> {
  const { store } = parts;
  announce(image, 'delete');
  if (parts.usersOf(image.id).length > 0) {
    store.durable(() => store.hide(image.id));
    return [{ Deleted: image.id }];
  }
  const gone = await forget(parts, image);
  const chains = image.layers.flatMap(({ diffId }, index) => {
    const chain = chainIdOf(image.layers.slice(0, index + 1).map((layer) => layer.diffId));
    return gone.has(diffId) && chain !== undefined ? [chain] : [];
  });
  return [image.id, ...chains.reverse()].map((Deleted) => ({ Deleted }));
}

/** The record goes first and the files after it: a crash in between leaves garbage, never a record without files. */
async function forget(parts: ImageParts, image: StoredImage): Promise<Set<Digest>> {
  const documents = parts.store.documents(image.id);
  parts.store.durable(() => parts.store.delete(image.id));
  const blobs = [image.id, image.manifest, ...documents, ...image.layers.map(({ blob }) => blob)];
  return dropUnused(
    parts,
    image.layers.map(({ diffId }) => diffId),
    blobs,
  );
}

function conflict(id: Digest, remedy: string, why: string): Conflict {
  return new Conflict(`conflict: unable to delete ${short(id)} (${remedy}) - ${why}`);
}

function short(id: string): string {
  return id.replace('sha256:', '').slice(0, 12);
}
