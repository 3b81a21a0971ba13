import {
  Conflict,
  familiarReference,
  type ImageDeleteItem,
  type ImageReference,
  parseReference,
  withDefaultTag,
} from '../../api/index.ts';
import { chainIdOf, type Digest, type OciPlatform } from '../../layers/index.ts';
import { dropUnused } from './install.ts';
import type { ImageParts } from './parts.ts';
import type { StoredImage } from './record.ts';
import { isIdOf, noSuchImage, resolveFor } from './resolve.ts';

/** Publishes an event of an image. */
export type Announce = (image: StoredImage, action: string, name?: string) => void;

export interface RemoveOptions {
  /** Also an image that has several names, or that stopped containers use. */
  force?: boolean;
  /** Keep the images that it was made from, even when nothing else is left of them. */
  noPrune?: boolean;
  /** The image must be for one of these. */
  platforms?: readonly OciPlatform[];
}

/**
 * Takes a name from an image, and removes the image itself when it was the last one, by Docker's rules: a running
 * container, or another image that was made from it here, keeps an image from removal whatever `force` says; a stopped
 * container and names in several repositories unless `force`. Says what is gone. Throws NotFound and Conflict.
 */
export async function removeImage(
  parts: ImageParts,
  text: string,
  options: RemoveOptions,
  announce: Announce,
): Promise<ImageDeleteItem[]> {
  const image = resolveFor(parts.store, text, options.platforms ?? []);
  const removal = { parts, image, announce, force: options.force ?? false, prune: !options.noPrune };
  return isIdOf(image.id, text) ? removeById(removal) : removeByName(removal, text);
}

/** A removal under way. */
interface Removal {
  readonly parts: ImageParts;
  readonly image: StoredImage;
  readonly announce: Announce;
  readonly force: boolean;
  readonly prune: boolean;
}

/** Removes the layers and the record of images that were removed by force once no container needs them any more. */
export async function collectRemoved(parts: ImageParts): Promise<void> {
  for (const id of parts.store.removed()) {
    const image = parts.store.find(id, { removed: true });
    if (image !== undefined && parts.usersOf(id).length === 0) await forget(parts, image);
  }
}

async function removeByName(removal: Removal, text: string): Promise<ImageDeleteItem[]> {
  const { parts, image, force, announce } = removal;
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
  // The name is gone, which is what was asked for; the image stays with whoever needs it.
  if (parts.store.hasChildren(image.id)) return items;
  if (parts.usersOf(image.id).some(({ running }) => running || !force)) return items;
  return [...items, ...(await deleteImage(removal))];
}

async function removeById(removal: Removal): Promise<ImageDeleteItem[]> {
  const { parts, image, force, announce } = removal;
  if (parts.store.hasChildren(image.id))
    throw conflict(image.id, 'cannot be forced', 'image has dependent child images');
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
  return [...items, ...(await deleteImage(removal))];
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

/** Removes an image that has no name any more, and what it was made from if nothing else is left of that. */
async function deleteImage(removal: Removal): Promise<ImageDeleteItem[]> {
  const { parts, image, announce, prune } = removal;
  announce(image, 'delete');
  const items = parts.usersOf(image.id).length > 0 ? hide(parts, image) : await forgetAndTell(parts, image);
  const parent = image.parent && parts.store.find(image.parent);
  if (!prune || parent === undefined || isNeeded(parts, parent.id)) return items;
  return [...items, ...(await deleteImage({ ...removal, image: parent }))];
}

function isNeeded({ store, usersOf }: ImageParts, id: Digest): boolean {
  const { tags, digests } = store.names(id);
  return tags.length + digests.length > 0 || store.hasChildren(id) || usersOf(id).length > 0;
}

/** Containers go on using its layers; nobody else will see it. */
function hide({ store }: ImageParts, { id }: StoredImage): ImageDeleteItem[] {
  store.durable(() => store.hide(id));
  return [{ Deleted: id }];
}

async function forgetAndTell(parts: ImageParts, image: StoredImage): Promise<ImageDeleteItem[]> {
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
