import type { BuildCacheUsage, DiskUsage } from '../client/index.ts';
import { containerView } from './container-view.ts';
import { compile, dataOf, formatList, goJson, type View } from './format.ts';
import { shortId } from './ids.ts';
import { imageView, nameImages } from './image-view.ts';
import { print } from './output.ts';
import { ago, humanSize } from './units.ts';
import { volumeView } from './volume-view.ts';

/** Objects of one kind and how they are shown. */
interface Listing<T> {
  readonly title: string;
  readonly view: View<T>;
  readonly items: readonly T[];
  readonly columns: readonly string[];
}

/** One of the tables of `system df -v`. */
interface Section {
  readonly title: string;
  table(): Promise<string>;
  /** The objects as templates see them. */
  readonly data: readonly object[];
}

/** Prints everything that takes space, object by object: as four tables, as JSON, or through one template. */
export async function printDetails(usage: DiskUsage, format: string): Promise<void> {
  if (format === '' || format === 'table') {
    const tables: string[] = [];
    for (const { title, table } of sections(usage, true)) tables.push(`${title}\n\n${await table()}`);
    return print(tables.join('\n'));
  }
  const [images, containers, volumes, buildCache] = sections(usage, false).map(({ data }) => data);
  const data = { Images: images, Containers: containers, Volumes: volumes, BuildCache: buildCache };
  if (format === 'json') return print(goJson(data));
  const source = format.replace(/^table\s+/, '');
  print((await compile(source, { rootType: '*formatter.diskUsageContext' })).run(data));
}

function sections({ images, containers, volumes, buildCache }: DiskUsage, truncate: boolean): Section[] {
  return [
    section({
      title: 'Images space usage:',
      view: imageView(truncate),
      items: nameImages(images.Items, false)
        .filter(({ Id }, index, all) => all[index - 1]?.Id !== Id)
        .map((image) => ({ ...image, digest: '' })),
      columns: ['Repository', 'Tag', 'ID', 'CreatedSince', 'Size', 'SharedSize', 'UniqueSize', 'Containers'],
    }),
    section({
      title: 'Containers space usage:',
      view: containerView(truncate),
      items: containers.Items.map((container) => ({ ...container, SizeRootFs: 0 })),
      columns: ['ID', 'Image', 'Command', 'LocalVolumes', 'Size', 'RunningFor', 'Status', 'Names'],
    }),
    section({
      title: 'Local Volumes space usage:',
      view: volumeView,
      items: volumes.Items,
      columns: ['Name', 'Links', 'Size'],
    }),
    section({
      title: `Build cache usage: ${humanSize(buildCache.TotalSize)}`,
      view: BUILD_CACHE_VIEW,
      items: buildCache.Items,
      columns: ['ID', 'CacheType', 'Size', 'CreatedSince', 'LastUsedSince', 'UsageCount', 'Shared'],
    }),
  ];
}

function section<T>({ title, view, items, columns }: Listing<T>): Section {
  return {
    title,
    table: () => formatList(view, items, { kind: '', format: '', columns }),
    data: items.map((item) => dataOf(view, item)),
  };
}

const BUILD_CACHE_VIEW: View<BuildCacheUsage> = {
  ID: { header: 'CACHE ID', value: ({ ID, InUse }) => `${shortId(ID)}${InUse ? '*' : ''}` },
  CacheType: { header: 'CACHE TYPE', value: ({ Type }) => Type },
  Description: { header: 'DESCRIPTION', value: ({ Description }) => Description },
  Size: { header: 'SIZE', value: ({ Size }) => humanSize(Size, 3) },
  CreatedSince: { header: 'CREATED', value: ({ CreatedAt }) => since(CreatedAt) },
  LastUsedSince: { header: 'LAST USED', value: ({ LastUsedAt }) => (LastUsedAt ? since(LastUsedAt) : '') },
  UsageCount: { header: 'USAGE', value: (record) => String(record.UsageCount) },
  InUse: { header: 'IN USE', value: ({ InUse }) => String(InUse) },
  Shared: { header: 'SHARED', value: ({ Shared }) => String(Shared) },
};

function since(time: string): string {
  return ago(Date.parse(time) / 1000);
}
