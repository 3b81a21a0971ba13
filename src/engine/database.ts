import { DatabaseSync } from 'node:sqlite';

/**
 * The engine's one SQLite file (WAL). Every noun keeps its own tables in it and creates them with `migrate`.
 *
 * Two promises are on offer. A plain write survives the death of the engine, because the kernel has it. A write inside
 * `durable` survives a power cut too, because it is synced (0.2 ms): use it for what a user would miss, such as the
 * record of a container or an image, and not for what can be found again, such as a pid.
 */
export class Database {
  readonly sql: DatabaseSync;

  constructor(path: string) {
    this.sql = new DatabaseSync(path);
    this.sql.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON');
    this.sql.exec(
      'CREATE TABLE IF NOT EXISTS migrations (noun TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT',
    );
  }

  /** Brings a noun's tables up to date: runs the steps that this file has not seen yet, each once. */
  migrate(noun: string, steps: readonly string[]): void {
    const row = this.sql.prepare('SELECT version FROM migrations WHERE noun = ?').get(noun);
    const seen = Number(row?.['version'] ?? 0);
    for (let version = seen; version < steps.length; version++) {
      this.transaction(() => {
        this.sql.exec(steps[version]!);
        this.sql
          .prepare(
            'INSERT INTO migrations VALUES (?, ?) ON CONFLICT (noun) DO UPDATE SET version = excluded.version',
          )
          .run(noun, version + 1);
      });
    }
  }

  /** Runs `body` in one transaction: all of it or nothing. `body` must not await. */
  transaction<T>(body: () => T): T {
    this.sql.exec('BEGIN IMMEDIATE');
    try {
      const result = body();
      this.sql.exec('COMMIT');
      return result;
    } catch (error) {
      // SQLite has done so itself where it matters, as on a full disk.
      if (this.sql.isTransaction) this.sql.exec('ROLLBACK');
      throw error;
    }
  }

  /** As `transaction`, and on disk when it returns. */
  durable<T>(body: () => T): T {
    this.sql.exec('PRAGMA synchronous = FULL');
    try {
      return this.transaction(body);
    } finally {
      this.sql.exec('PRAGMA synchronous = NORMAL');
    }
  }

  close(): void {
    this.sql.close();
  }
}
