/**
 * Makes the images that Berth ships, from `images/` and Debian's busybox-static, as archives in `build/images/`. What
 * is there and was made from the same sources is left alone. Needs no engine and no root.
 */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { TarInput } from '../src/layers/index.ts';
import { imageArchive } from './images/archive.ts';
import { busyboxFiles, busyboxProgram } from './images/busybox.ts';
import { greeter } from './images/greeter.ts';

const root = join(import.meta.dirname, '..');
const target = join(root, 'build/images');

interface Recipe {
  name: string;
  files(source: string): TarInput[];
  /** Sources outside the repository. */
  extra(): Buffer;
}

const recipes: readonly Recipe[] = [
  {
    name: 'hello-world',
    files: (source) => [
      { entry: { name: 'hello', mode: 0o755 }, body: greeter(readFileSync(join(source, 'greeting.txt'))) },
    ],
    extra: () => Buffer.from(process.arch),
  },
  { name: 'busybox', files: busyboxFiles, extra: busyboxProgram },
];

mkdirSync(target, { recursive: true });
for (const recipe of recipes) await make(recipe);

async function make({ name, files, extra }: Recipe): Promise<void> {
  const source = join(root, 'images', name);
  const archive = join(target, `${name}.tar`);
  const stamp = join(target, `${name}.sources`);
  const sources = hashOf([source, join(root, 'scripts/images'), join(root, 'src/tar')], extra());
  if (existsSync(archive) && existsSync(stamp) && readFileSync(stamp, 'utf8') === sources) {
    // Set-up asks only when a source is newer than the archive.
    utimesSync(archive, new Date(), new Date());
    console.log(`${name}: up to date`);
    return;
  }
  const { config, step } = JSON.parse(readFileSync(join(source, 'image.json'), 'utf8')) as {
    config: object;
    step: string;
  };
  const bytes = await imageArchive({
    name: `docker.io/library/${name}:latest`,
    files: files(source),
    config,
    step,
  });
  writeFileSync(`${archive}.new`, bytes);
  renameSync(`${archive}.new`, archive);
  writeFileSync(stamp, sources);
  console.log(`${name}: made build/images/${name}.tar (${Math.ceil(bytes.length / 1024)} KiB)`);
}

/** A digest of all files in some folders, with their names. */
function hashOf(folders: readonly string[], extra: Buffer): string {
  const hash = createHash('sha256').update(extra);
  for (const folder of folders) {
    const names = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
    for (const name of names) hash.update(name.slice(root.length)).update('\0').update(readFileSync(name));
  }
  return hash.digest('hex');
}
