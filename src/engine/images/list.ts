import {
  type Filters,
  familiarName,
  familiarReference,
  type ImageReference,
  type ImageSummary,
  parseTimeArgument,
} from '../../api/index.ts';
import type { ImageParts } from './parts.ts';
import type { ImageNames, StoredImage } from './record.ts';
import { resolveImage } from './resolve.ts';
import { summaryView, unixSeconds } from './views.ts';

/** Keys of the `filters` parameter of the list. */
export const IMAGE_FILTERS = ['before', 'dangling', 'label', 'reference', 'since', 'until'] as const;

export interface ListOptions {
  filters: Filters;
  /** Also images without a name that others were made from. */
  all?: boolean;
  /** Work out how much of each image other images have too. */
  sharedSize?: boolean;
}

/**
 * The images that pass all filters, newest first. Throws InvalidArgument for unknown filters, NotFound for images
 * that they name.
 */
export function listImages(
  parts: ImageParts,
  { filters, all = false, sharedSize = false }: ListOptions,
): ImageSummary[] {
  filters.validate(IMAGE_FILTERS);
  const passes = imageFilter(parts, filters);
  const summaries: ImageSummary[] = [];
  for (const image of parts.store.all()) {
    if (!passes(image)) continue;
    const names = filterNames(parts.store.names(image.id), filters);
    if (names === undefined || (isNameless(names) && !all && parts.store.hasChildren(image.id))) continue;
    summaries.push(summaryView(parts, image, names, sharedSize ? sharedSizeOf(parts, image) : -1));
  }
  return summaries.sort((a, b) => b.Created - a.Created);
}

function imageFilter(parts: ImageParts, filters: Filters): (image: StoredImage) => boolean {
  const createdOf = (name: string) => unixSeconds(resolveImage(parts.store, name).config.created);
  const before = filters.values('before').map(createdOf);
  const since = filters.values('since').map(createdOf);
  const until = filters.values('until').map((text) => Number(parseTimeArgument(text) / 1_000_000_000n));
  return ({ config }) => {
    const created = unixSeconds(config.created);
    return (
      before.every((time) => created < time) &&
      since.every((time) => created > time) &&
      until.every((time) => created <= time) &&
      filters.labels(config.config?.Labels ?? {})
    );
  };
}

/** The names to be shown, or undefined when the image is not to be shown at all. */
function filterNames(names: ImageNames, filters: Filters): ImageNames | undefined {
  const patterns = filters.values('reference').map(globPattern);
  const matches = (reference: ImageReference) =>
    patterns.length === 0 ||
    patterns.some(
      (pattern) => pattern.test(familiarReference(reference)) || pattern.test(familiarName(reference)),
    );
  const shown = { tags: names.tags.filter(matches), digests: names.digests.filter(matches) };
  const danglingOnly = filters.boolean('dangling', false);
  if (isNameless(shown))
    return patterns.length > 0 || (filters.has('dangling') && !danglingOnly) ? undefined : shown;
  return danglingOnly && shown.tags.length > 0 ? undefined : shown;
}

function isNameless({ tags, digests }: ImageNames): boolean {
  return tags.length + digests.length === 0;
}

/** A shell pattern as Go's `path.Match` reads it: `*` and `?` stop at a slash, `[a-z]` and `[^a-z]` are classes. */
function globPattern(glob: string): RegExp {
  const source = glob.replaceAll(/\\(.)|\[(\^?)([^\]]*)\]|[*?]|[^\\*?[]+|./gs, (token, escaped, not, set) => {
    if (escaped !== undefined) return RegExp.escape(escaped);
    if (set !== undefined) return `[${not}${set.replaceAll(/[\\\]]/g, '\\$&')}]`;
    if (token === '*') return '[^/]*';
    if (token === '?') return '[^/]';
    return RegExp.escape(token);
  });
  return new RegExp(`^${source}$`);
}

function sharedSizeOf({ store }: ImageParts, image: StoredImage): number {
  return image.layers.reduce((sum, layer) => sum + (store.layerUses(layer.diffId) > 1 ? layer.size : 0), 0);
}
