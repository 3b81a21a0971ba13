import type { StatementSync } from 'node:sqlite';
import { type ImageReference, parseReference, repositoryOf } from '../../api/index.ts';
import type { Digest, OciImageConfig } from '../../layers/index.ts';
import type { Database } from '../database.ts';
import type { ImageLayer, ImageNames, StoredImage } from './record.ts';

const MIGRATIONS = [
  `CREATE TABLE images (
    id TEXT PRIMARY KEY,
    config TEXT NOT NULL,
    manifest TEXT NOT NULL,
    last_tagged TEXT,
    removed INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE TABLE image_layers (
    image TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    diff_id TEXT NOT NULL,
    blob TEXT NOT NULL,
    media_type TEXT NOT NULL,
    blob_size INTEGER NOT NULL,
    size INTEGER NOT NULL,
    PRIMARY KEY (image, position)
  ) STRICT;
  CREATE INDEX image_layers_diff_id ON image_layers (diff_id);
  CREATE INDEX image_layers_blob ON image_layers (blob);
  CREATE TABLE image_names (
    repository TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('tag', 'digest')),
    value TEXT NOT NULL,
    image TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    PRIMARY KEY (repository, kind, value)
  ) STRICT;
  CREATE INDEX image_names_image ON image_names (image);`,
  'ALTER TABLE images ADD COLUMN parent TEXT',
  `CREATE TABLE image_documents (
    image TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    blob TEXT NOT NULL,
    PRIMARY KEY (image, blob)
  ) STRICT;
  CREATE INDEX image_documents_blob ON image_documents (blob);`,
];

type Row = Record<string, unknown>;

/**
 * The records of images in the engine's database. A removed image that a container still needs keeps its record, so
 * that its layers stay, and is shown to nobody.
 */
export class ImageStore {
  readonly #database: Database;
  /** Records never change but for their names, which are not part of them; parsing a config is the slow part. */
  readonly #configs = new Map<Digest, OciImageConfig>();

  readonly #statements = new Map<string, StatementSync>();

  constructor(database: Database) {
    database.migrate('images', MIGRATIONS);
    this.#database = database;
  }

  /** Runs `body` in one transaction that is on disk when it returns. */
  durable<Result>(body: () => Result): Result {
    return this.#database.durable(body);
  }

  /** Adds an image, or brings a removed one back. Inside `durable`. */
  add(image: Omit<StoredImage, 'lastTagged'>): void {
    this.#run(
      `INSERT INTO images (id, config, manifest, parent) VALUES (?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET removed = 0, manifest = excluded.manifest`,
      image.id,
      JSON.stringify(image.config),
      image.manifest,
      image.parent ?? null,
    );
    this.#run('DELETE FROM image_layers WHERE image = ?', image.id);
    image.layers.forEach((layer, position) => {
      const { diffId, blob, mediaType, blobSize, size } = layer;
      this.#run(
        'INSERT INTO image_layers VALUES (?, ?, ?, ?, ?, ?, ?)',
        image.id,
        position,
        diffId,
        blob,
        mediaType,
        blobSize,
        size,
      );
    });
  }

  /** Keeps more blobs with an image: indexes that list it. Inside `durable`. */
  addDocuments(id: Digest, blobs: readonly Digest[]): void {
    for (const blob of blobs) this.#run('INSERT OR IGNORE INTO image_documents VALUES (?, ?)', id, blob);
  }

  /** The blobs that are kept with an image besides its manifest, its config and its layers. */
  documents(id: Digest): Digest[] {
    return this.#all('SELECT blob FROM image_documents WHERE image = ?', id).map(
      (row) => row['blob'] as Digest,
    );
  }

  /**
   * Gives an image a name, which is taken from the image that had it. `now`: nanoseconds since 1970. Inside
   * `durable`.
   */
  name(reference: ImageReference, id: Digest, now: bigint): void {
    const [kind, value] = keyOf(reference);
    this.#run(
      `INSERT INTO image_names VALUES (?, ?, ?, ?)
       ON CONFLICT (repository, kind, value) DO UPDATE SET image = excluded.image`,
      repositoryOf(reference),
      kind,
      value,
      id,
    );
    this.#run('UPDATE images SET last_tagged = ? WHERE id = ?', String(now), id);
  }

  /** Takes a name away. Inside `durable`. */
  unname(reference: ImageReference): void {
    const [kind, value] = keyOf(reference);
    const repository = repositoryOf(reference);
    this.#run(
      'DELETE FROM image_names WHERE repository = ? AND kind = ? AND value = ?',
      repository,
      kind,
      value,
    );
  }

  /** Hides an image that is still needed. Inside `durable`. */
  hide(id: Digest): void {
    this.#run('UPDATE images SET removed = 1 WHERE id = ?', id);
  }

  /** Forgets an image. Inside `durable`. */
  delete(id: Digest): void {
    this.#run('DELETE FROM images WHERE id = ?', id);
    this.#configs.delete(id);
  }

  /** An image by its ID. Removed ones are found only when asked for. */
  find(id: Digest, options: { removed: boolean } = { removed: false }): StoredImage | undefined {
    const row = this.#one('SELECT * FROM images WHERE id = ? AND removed <= ?', id, options.removed ? 1 : 0);
    return row && this.#image(row);
  }

  /** The image that bears a name (with a tag or a digest). */
  idOf(reference: ImageReference): Digest | undefined {
    const [kind, value] = keyOf(reference);
    const row = this.#one(
      'SELECT image FROM image_names WHERE repository = ? AND kind = ? AND value = ?',
      repositoryOf(reference),
      kind,
      value,
    );
    return row?.['image'] as Digest | undefined;
  }

  /** IDs that begin with `prefix` (`sha256:` and hexadecimal digits); two at most. */
  idsWithPrefix(prefix: string): Digest[] {
    const rows = this.#all(
      'SELECT id FROM images WHERE id >= ? AND id < ? AND removed = 0 LIMIT 2',
      prefix,
      `${prefix}g`,
    );
    return rows.map((row) => row['id'] as Digest);
  }

  /** All images that were not removed, in no order. */
  all(): StoredImage[] {
    return this.#all('SELECT * FROM images WHERE removed = 0').map((row) => this.#image(row));
  }

  /** Whether an image that was not removed was made from this one. */
  hasChildren(id: Digest): boolean {
    return this.#one('SELECT 1 FROM images WHERE parent = ? AND removed = 0 LIMIT 1', id) !== undefined;
  }

  count(): number {
    return Number(this.#one('SELECT COUNT(*) AS count FROM images WHERE removed = 0')?.['count']);
  }

  /** IDs of images that were removed while containers needed them. */
  removed(): Digest[] {
    return this.#all('SELECT id FROM images WHERE removed = 1').map((row) => row['id'] as Digest);
  }

  names(id: Digest): ImageNames {
    const rows = this.#all(
      'SELECT repository, kind, value FROM image_names WHERE image = ? ORDER BY repository, value',
      id,
    );
    const of = (kind: string) =>
      rows
        .filter((row) => row['kind'] === kind)
        .map((row) => ({ ...parseReference(String(row['repository'])), [kind]: String(row['value']) }));
    return { tags: of('tag'), digests: of('digest') };
  }

  /** All tags of a repository, sorted. */
  tagsIn(repository: ImageReference): ImageReference[] {
    const rows = this.#all(
      "SELECT value FROM image_names WHERE repository = ? AND kind = 'tag' ORDER BY value",
      repositoryOf(repository),
    );
    return rows.map((row) => ({ ...repository, tag: String(row['value']) }));
  }

  /** The tags of a repository, sorted. */
  tagsOf(reference: ImageReference): string[] {
    return this.#all(
      "SELECT value FROM image_names WHERE repository = ? AND kind = 'tag' ORDER BY value",
      repositoryOf(reference),
    ).map((row) => String(row['value']));
  }

  /** Paths of the repositories of a registry that are known to have a blob: those with a digest of an image of it. */
  repositoriesWith(blob: Digest, domain: string): string[] {
    return this.#all(
      `SELECT DISTINCT repository FROM image_names JOIN image_layers USING (image)
       WHERE kind = 'digest' AND blob = ? AND substr(repository, 1, ?) = ?`,
      blob,
      domain.length + 1,
      `${domain}/`,
    ).map((row) => String(row['repository']).slice(domain.length + 1));
  }

  /** A layer as some image has it, with an archive of the given kind. */
  layerOfType(diffId: Digest, mediaType: string): ImageLayer | undefined {
    const row = this.#one(
      'SELECT * FROM image_layers WHERE diff_id = ? AND media_type = ? LIMIT 1',
      diffId,
      mediaType,
    );
    return row && layerOf(row);
  }

  usesLayer(diffId: Digest): boolean {
    return this.#one('SELECT 1 FROM image_layers WHERE diff_id = ? LIMIT 1', diffId) !== undefined;
  }

  /** The layer that is in a blob, if an image says so. */
  diffIdOf(blob: Digest): Digest | undefined {
    const row = this.#one('SELECT diff_id FROM image_layers WHERE blob = ? LIMIT 1', blob);
    return row?.['diff_id'] as Digest | undefined;
  }

  /** How many images have the layer. */
  layerUses(diffId: Digest): number {
    const row = this.#one(
      'SELECT COUNT(DISTINCT image) AS count FROM image_layers JOIN images ON id = image WHERE diff_id = ? AND removed = 0',
      diffId,
    );
    return Number(row?.['count']);
  }

  usesBlob(digest: Digest): boolean {
    const row =
      this.#one('SELECT 1 FROM images WHERE id = ? OR manifest = ? LIMIT 1', digest, digest) ??
      this.#one('SELECT 1 FROM image_layers WHERE blob = ? LIMIT 1', digest) ??
      this.#one('SELECT 1 FROM image_documents WHERE blob = ? LIMIT 1', digest);
    return row !== undefined;
  }

  #image(row: Row): StoredImage {
    const id = row['id'] as Digest;
    let config = this.#configs.get(id);
    if (config === undefined) {
      config = JSON.parse(String(row['config'])) as OciImageConfig;
      this.#configs.set(id, config);
    }
    const lastTagged = row['last_tagged'] === null ? undefined : BigInt(String(row['last_tagged']));
    const parent = (row['parent'] ?? undefined) as Digest | undefined;
    return { id, config, manifest: row['manifest'] as Digest, layers: this.#layers(id), parent, lastTagged };
  }

  #layers(id: Digest): ImageLayer[] {
    return this.#all('SELECT * FROM image_layers WHERE image = ? ORDER BY position', id).map(layerOf);
  }

  #run(sql: string, ...values: (string | number | null)[]): void {
    this.#statement(sql).run(...values);
  }

  #one(sql: string, ...values: (string | number)[]): Row | undefined {
    return this.#statement(sql).get(...values);
  }

  #all(sql: string, ...values: (string | number)[]): Row[] {
    return this.#statement(sql).all(...values);
  }

  /** Preparing costs more than running, and every start of a container asks for an image. */
  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.sql.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

function layerOf(row: Row): ImageLayer {
  return {
    diffId: row['diff_id'] as Digest,
    blob: row['blob'] as Digest,
    mediaType: String(row['media_type']),
    blobSize: Number(row['blob_size']),
    size: Number(row['size']),
  };
}

function keyOf({ tag, digest }: ImageReference): ['tag' | 'digest', string] {
  if (digest !== undefined) return ['digest', digest];
  return ['tag', tag ?? 'latest'];
}
