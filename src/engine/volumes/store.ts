import { existsSync, renameSync } from 'node:fs';
import { NotFound } from '../../api/index.ts';
import type { Database } from '../database.ts';
import type { Phase, VolumeRecord } from './record.ts';
import { Volume, VolumeFiles } from './volume.ts';

const MIGRATIONS = [
  `CREATE TABLE volumes (
     name TEXT PRIMARY KEY,
     record TEXT NOT NULL,
     phase TEXT NOT NULL CHECK (phase IN ('making', 'ready', 'removing')),
     renamed_from TEXT
   ) STRICT`,
];

/** All volumes: in memory for reading, in the database for good. */
export class VolumeStore {
  readonly #database: Database;
  readonly #dataRoot: string;
  readonly #byName = new Map<string, Volume>();
  readonly #insert;
  readonly #setPhase;
  readonly #rename;
  readonly #renamed;
  readonly #delete;

  constructor(database: Database, dataRoot: string) {
    database.migrate('volumes', MIGRATIONS);
    this.#database = database;
    this.#dataRoot = dataRoot;
    const { sql } = database;
    this.#insert = sql.prepare('INSERT INTO volumes (name, record, phase) VALUES (?, ?, ?)');
    this.#setPhase = sql.prepare('UPDATE volumes SET phase = ? WHERE name = ?');
    this.#rename = sql.prepare('UPDATE volumes SET name = ?, record = ?, renamed_from = ? WHERE name = ?');
    this.#renamed = sql.prepare('UPDATE volumes SET renamed_from = NULL WHERE name = ?');
    this.#delete = sql.prepare('DELETE FROM volumes WHERE name = ?');
    for (const row of sql.prepare('SELECT record, phase, renamed_from FROM volumes ORDER BY rowid').all()) {
      const record = JSON.parse(String(row['record'])) as VolumeRecord;
      const volume = this.#remember(record, row['phase'] as Phase);
      if (row['renamed_from'] !== null) this.#moveFolder(volume, String(row['renamed_from']));
    }
  }

  /** In the order of creation, those that are being made included. */
  all(): Volume[] {
    return [...this.#byName.values()];
  }

  find(name: string): Volume | undefined {
    return this.#byName.get(name);
  }

  /** Throws NotFound. */
  get(name: string): Volume {
    const volume = this.#byName.get(name);
    if (volume === undefined) throw new NotFound(`get ${name}: no such volume`);
    return volume;
  }

  /** Where a volume of that name has its files. */
  filesOf(name: string): VolumeFiles {
    return new VolumeFiles(this.#dataRoot, name);
  }

  /** Adds a volume; one that is ready is on disk when it returns. */
  add(record: VolumeRecord, phase: 'making' | 'ready'): Volume {
    const insert = () => this.#insert.run(record.name, JSON.stringify(record), phase);
    if (phase === 'ready') this.#database.durable(insert);
    else insert();
    return this.#remember(record, phase);
  }

  /** Runs `body`, which changes records, in one transaction that is on disk when it returns. */
  durable<Result>(body: () => Result): Result {
    return this.#database.durable(body);
  }

  /** The engine dies after this or before it: inside `durable` where that matters. */
  setPhase(volume: Volume, phase: Phase): void {
    this.#setPhase.run(phase, volume.name);
    volume.phase = phase;
  }

  /**
   * Gives a volume another name, and its folder too. `alongside` writes the name elsewhere in the same transaction, and gives
   * what is to be done when that is on disk. If the engine dies before the folder has moved, the next one moves it.
   */
  rename(volume: Volume, name: string, record: VolumeRecord, alongside: () => () => void): void {
    const old = volume.name;
    const apply = this.#database.durable(() => {
      this.#rename.run(name, JSON.stringify(record), old, old);
      return alongside();
    });
    apply();
    this.#byName.delete(old);
    volume.record = record;
    volume.files = this.filesOf(name);
    this.#byName.set(name, volume);
    this.#moveFolder(volume, old);
  }

  #moveFolder(volume: Volume, from: string): void {
    const { folder } = this.filesOf(from);
    if (existsSync(folder) && !existsSync(volume.files.folder)) renameSync(folder, volume.files.folder);
    this.#renamed.run(volume.name);
  }

  /** Forgets a volume. */
  delete(volume: Volume): void {
    this.#delete.run(volume.name);
    this.#byName.delete(volume.name);
  }

  #remember(record: VolumeRecord, phase: Phase): Volume {
    const volume = new Volume(record, phase, this.filesOf(record.name));
    this.#byName.set(record.name, volume);
    return volume;
  }
}
