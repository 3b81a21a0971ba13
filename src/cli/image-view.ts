import type { ImageSummary } from '../client/index.ts';
import { goDate } from './dates.ts';
import type { View } from './format.ts';
import { shortId } from './ids.ts';
import { ago, humanSize } from './units.ts';

/** An image under one of its names. */
export interface NamedImage extends ImageSummary {
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
}

const NONE = '<none>';

/** What `images` can show of an image. */
export function imageView(truncate: boolean): View<NamedImage> {
  return {
    ID: { header: 'IMAGE ID', value: (i) => (truncate ? shortId(i.Id) : i.Id) },
    Repository: { header: 'REPOSITORY', value: (i) => i.repository },
    Tag: { header: 'TAG', value: (i) => i.tag },
    Digest: { header: 'DIGEST', value: (i) => i.digest },
    CreatedSince: { header: 'CREATED', value: (i) => (i.Created > 0 ? ago(i.Created) : 'N/A') },
    CreatedAt: { header: 'CREATED AT', value: (i) => goDate(i.Created) },
    Size: { header: 'SIZE', value: (i) => humanSize(i.Size, 3) },
    Containers: { header: 'CONTAINERS', value: (i) => (i.Containers >= 0 ? String(i.Containers) : 'N/A') },
    VirtualSize: { header: 'SIZE', value: (i) => humanSize(i.Size) },
    SharedSize: {
      header: 'SHARED SIZE',
      value: (i) => (i.SharedSize >= 0 ? humanSize(i.SharedSize) : 'N/A'),
    },
    UniqueSize: {
      header: 'UNIQUE SIZE',
      value: (i) => (i.SharedSize >= 0 ? humanSize(i.Size - i.SharedSize) : 'N/A'),
    },
  };
}

/** One entry per tag, and with digests one per tag and digest; an image without either has one that says so. */
export function nameImages(images: readonly ImageSummary[], digests: boolean): NamedImage[] {
  return images.flatMap((image) => namesOf(image, digests).map((name) => ({ ...image, ...name })));
}

type Name = Pick<NamedImage, 'repository' | 'tag' | 'digest'>;

function namesOf(image: ImageSummary, digests: boolean): Name[] {
  const tags = (image.RepoTags ?? [])
    .filter((tag) => tag !== `${NONE}:${NONE}`)
    .map((tag) => splitAt(tag, tag.lastIndexOf(':')));
  const digested = (image.RepoDigests ?? [])
    .filter((digest) => digest !== `${NONE}@${NONE}`)
    .map((digest) => splitAt(digest, digest.lastIndexOf('@')));
  if (tags.length === 0 && digested.length === 0) return [{ repository: NONE, tag: NONE, digest: NONE }];
  const repositories = [...new Set([...tags, ...digested].map(([repository]) => repository))];
  return repositories.flatMap((repository) => {
    const own = tags.filter(([name]) => name === repository).map(([, tag]) => tag);
    const sums = digested.filter(([name]) => name === repository).map(([, digest]) => digest);
    if (!digests) return (own.length > 0 ? own : [NONE]).map((tag) => ({ repository, tag, digest: NONE }));
    return (own.length > 0 ? own : [NONE]).flatMap((tag) =>
      (sums.length > 0 ? sums : [NONE]).map((digest) => ({ repository, tag, digest })),
    );
  });
}

function splitAt(text: string, at: number): [string, string] {
  return [text.slice(0, at), text.slice(at + 1)];
}
