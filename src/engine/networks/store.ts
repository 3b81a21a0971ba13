import { randomBytes } from 'node:crypto';
import { formatTime, nowNanos } from '../../api/index.ts';
import type { DriverKind } from '../../network/index.ts';
import type { Database } from '../database.ts';

/** What is kept of a network. */
export interface NetworkRecord {
  /** 64 hexadecimal digits. */
  readonly id: string;
  readonly name: string;
  readonly driver: DriverKind;
  /** RFC 3339. */
  readonly created: string;
}

const MIGRATIONS = [
  `CREATE TABLE networks (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    driver TEXT NOT NULL,
    created TEXT NOT NULL
  ) STRICT`,
];

/** The records of networks in the engine's database. */
export class NetworkStore {
  readonly #database: Database;

  constructor(database: Database) {
    database.migrate('networks', MIGRATIONS);
    this.#database = database;
  }

  /** The network of that name, made now when there is none: a predefined one keeps its ID for as long as the data root. */
  predefined(name: string, driver: DriverKind): NetworkRecord {
    const row = this.#database.sql.prepare('SELECT id, created FROM networks WHERE name = ?').get(name);
    if (row !== undefined) return { id: String(row['id']), name, driver, created: String(row['created']) };
    const record = { id: randomBytes(32).toString('hex'), name, driver, created: formatTime(nowNanos()) };
    this.#database.durable(() =>
      this.#database.sql
        .prepare('INSERT INTO networks (id, name, driver, created) VALUES (?, ?, ?, ?)')
        .run(record.id, name, driver, record.created),
    );
    return record;
  }
}
