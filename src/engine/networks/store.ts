import { randomBytes } from 'node:crypto';
import { formatTime, nowNanos } from '../../api/index.ts';
import type { DriverKind, Subnet } from '../../network/index.ts';
import type { Database } from '../database.ts';

/** What a user has decided about a network, and what was decided for want of it. */
export interface NetworkSettings {
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  readonly internal: boolean;
  readonly attachable: boolean;
  /** A template for other networks, which nobody can join. */
  readonly configOnly: boolean;
  /** The template that it was made from, by name; empty for none. */
  readonly configFrom: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The driver's options as they were given. */
  readonly options: Readonly<Record<string, string>>;
  readonly ipamDriver: string;
  readonly ipamOptions: Readonly<Record<string, string>>;
  readonly subnets: readonly Subnet[];
  /** Whether the user chose the subnets: only then may containers choose addresses. */
  readonly chosenSubnets: boolean;
}

/** What is kept of a network. */
export interface NetworkRecord {
  /** 64 hexadecimal digits. */
  readonly id: string;
  readonly name: string;
  readonly driver: DriverKind;
  /** RFC 3339. */
  readonly created: string;
  readonly settings: NetworkSettings;
}

export const PLAIN_SETTINGS: NetworkSettings = {
  ipv4: true,
  ipv6: false,
  internal: false,
  attachable: false,
  configOnly: false,
  configFrom: '',
  labels: {},
  options: {},
  ipamDriver: 'default',
  ipamOptions: {},
  subnets: [],
  chosenSubnets: false,
};

/** The networks that every engine has; their names mean nothing else. */
export const PREDEFINED = new Set(['bridge', 'host', 'none']);

const MIGRATIONS = [
  `CREATE TABLE networks (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    driver TEXT NOT NULL,
    created TEXT NOT NULL
  ) STRICT`,
  `ALTER TABLE networks ADD COLUMN settings TEXT NOT NULL DEFAULT '{}'`,
];

/** The records of networks in the engine's database. */
export class NetworkStore {
  readonly #database: Database;

  constructor(database: Database) {
    database.migrate('networks', MIGRATIONS);
    this.#database = database;
  }

  /** The networks that users have made, in the order of their making. */
  custom(): NetworkRecord[] {
    const rows = this.#database.sql.prepare('SELECT * FROM networks ORDER BY rowid').all();
    return rows.filter((row) => !PREDEFINED.has(String(row['name']))).map(recordOf);
  }

  /** The network of that name, made now when there is none: a predefined one keeps its ID for as long as the data root. */
  predefined(name: string, driver: DriverKind): NetworkRecord {
    const row = this.#database.sql.prepare('SELECT * FROM networks WHERE name = ?').get(name);
    if (row !== undefined) return { ...recordOf(row), driver };
    const record = newRecord(name, driver, PLAIN_SETTINGS);
    this.add(record);
    return record;
  }

  /** Adds a network, on disk when it returns. */
  add({ id, name, driver, created, settings }: NetworkRecord): void {
    this.#database.durable(() =>
      this.#database.sql
        .prepare('INSERT INTO networks (id, name, driver, created, settings) VALUES (?, ?, ?, ?, ?)')
        .run(id, name, driver, created, JSON.stringify(settings)),
    );
  }

  /** Forgets a network, on disk when it returns. */
  delete({ id }: NetworkRecord): void {
    this.#database.durable(() => this.#database.sql.prepare('DELETE FROM networks WHERE id = ?').run(id));
  }
}

/** A network that is being made now. */
export function newRecord(name: string, driver: DriverKind, settings: NetworkSettings): NetworkRecord {
  return { id: randomBytes(32).toString('hex'), name, driver, created: formatTime(nowNanos()), settings };
}

function recordOf(row: Record<string, unknown>): NetworkRecord {
  return {
    id: String(row['id']),
    name: String(row['name']),
    driver: row['driver'] as DriverKind,
    created: String(row['created']),
    settings: { ...PLAIN_SETTINGS, ...(JSON.parse(String(row['settings'])) as Partial<NetworkSettings>) },
  };
}
