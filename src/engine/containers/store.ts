import { Conflict, InvalidArgument, NotFound } from '../../api/index.ts';
import type { Database } from '../database.ts';
import { Container } from './container.ts';
import { parseMountRequest } from './mounts/parse-request.ts';
import { parseVolume } from './mounts/parse-volume.ts';
import type { ContainerRecord, ContainerState } from './record.ts';

const MIGRATIONS = [
  `CREATE TABLE containers (
     id TEXT PRIMARY KEY,
     name TEXT NOT NULL UNIQUE,
     record TEXT NOT NULL,
     state TEXT NOT NULL
   ) STRICT`,
  // A container had one endpoint, and joined the network of its mode when it named none.
  `UPDATE containers SET state = json_set(json_remove(state, '$.sandbox.endpoint'),
     '$.sandbox.endpoints', json_array(json(json_extract(state, '$.sandbox.endpoint'))))
   WHERE json_extract(state, '$.sandbox.endpoint') IS NOT NULL;
   UPDATE containers SET record = json_set(record, '$.networkingConfig.EndpointsConfig',
     json_object(json_extract(record, '$.hostConfig.NetworkMode'),
       json('{"IPAMConfig":null,"Links":[],"Aliases":[],"MacAddress":"","DriverOpts":{},"GwPriority":0}')))
   WHERE json_extract(record, '$.networkingConfig.EndpointsConfig') = '{}'`,
];

/** Records of engines that knew no volumes have no mounts of their own. */
type StoredRecord = Omit<ContainerRecord, 'mounts'> & Partial<Pick<ContainerRecord, 'mounts'>>;

const CONTAINER_ID = /^[0-9a-f]{1,64}$/;

/** All containers: in memory for reading, in the database for good. */
export class ContainerStore {
  readonly #database: Database;
  readonly #byId = new Map<string, Container>();
  readonly #byName = new Map<string, Container>();
  readonly #reserved = new Set<string>();
  readonly #making = new Set<ContainerRecord>();
  readonly #insert;
  readonly #updateRecord;
  readonly #updateState;
  readonly #delete;

  constructor(database: Database, folders: { dataRoot: string; execRoot: string }) {
    database.migrate('containers', MIGRATIONS);
    this.#database = database;
    const { sql } = database;
    this.#insert = sql.prepare('INSERT INTO containers (id, name, record, state) VALUES (?, ?, ?, ?)');
    this.#updateRecord = sql.prepare('UPDATE containers SET name = ?, record = ? WHERE id = ?');
    this.#updateState = sql.prepare('UPDATE containers SET state = ? WHERE id = ?');
    this.#delete = sql.prepare('DELETE FROM containers WHERE id = ?');
    for (const row of sql.prepare('SELECT record, state FROM containers ORDER BY rowid').all()) {
      const record = completeRecord(JSON.parse(String(row['record'])) as StoredRecord);
      this.#remember(new Container(record, JSON.parse(String(row['state'])) as ContainerState, folders));
    }
  }

  /** In the order of creation. */
  all(): Container[] {
    return [...this.#byId.values()];
  }

  has(id: string): boolean {
    return this.#byId.has(id);
  }

  byId(id: string): Container | undefined {
    return this.#byId.get(id);
  }

  /** By full ID, name, or the beginning of an ID that only one has. Throws NotFound, InvalidArgument. */
  get(reference: string): Container {
    const name = reference.startsWith('/') ? reference.slice(1) : reference;
    const exact = this.#byId.get(name) ?? this.#byName.get(name);
    if (exact !== undefined) return exact;
    const begun = CONTAINER_ID.test(name) ? this.all().filter(({ id }) => id.startsWith(name)) : [];
    if (begun.length > 1) throw new InvalidArgument(`multiple IDs found with provided prefix: ${name}`);
    if (begun[0] === undefined) throw new NotFound(`No such container: ${reference}`);
    return begun[0];
  }

  isNameTaken(name: string): boolean {
    return this.#byName.has(name) || this.#reserved.has(name);
  }

  /** Keeps a name for a container that is being made. Disposing gives it back. Throws Conflict. */
  reserveName(name: string): Disposable {
    const holder = this.#byName.get(name);
    if (holder !== undefined || this.#reserved.has(name)) {
      throw new Conflict(
        `Conflict. The container name "/${name}" is already in use by container "${holder?.id ?? 'being created'}". You have to remove (or rename) that container to be able to reuse that name.`,
      );
    }
    this.#reserved.add(name);
    return { [Symbol.dispose]: () => void this.#reserved.delete(name) };
  }

  /** Records of containers that are being made: what they need is in use. */
  get making(): ReadonlySet<ContainerRecord> {
    return this.#making;
  }

  /** Counts a container that is being made among those that need images and volumes, until that is disposed of. */
  announce(record: ContainerRecord): Disposable {
    this.#making.add(record);
    return { [Symbol.dispose]: () => void this.#making.delete(record) };
  }

  /** Adds a container and does what `alongside` does in the same transaction, on disk when it returns. */
  add(container: Container, alongside: () => void = () => {}): void {
    const { record, state } = container;
    this.#database.durable(() => {
      this.#insert.run(record.id, record.name, JSON.stringify(record), JSON.stringify(state));
      alongside();
    });
    this.#remember(container);
  }

  /** Changes what the user asked for, on disk when it returns. */
  setRecord(container: Container, record: ContainerRecord): void {
    this.#database.durable(() => this.#updateRecord.run(record.name, JSON.stringify(record), record.id));
    this.#byName.delete(container.record.name);
    container.record = record;
    this.#byName.set(record.name, container);
  }

  /**
   * As `setRecord`, for several at once and in a transaction of somebody else's. Gives what is to be done when that has been
   * written: until then everybody sees the records as they were.
   */
  writeRecords(records: readonly ContainerRecord[]): () => void {
    for (const record of records) this.#updateRecord.run(record.name, JSON.stringify(record), record.id);
    return () => {
      for (const record of records) this.#byId.get(record.id)!.record = record;
    };
  }

  /** Changes where the container is; survives the engine's death. */
  setState(container: Container, change: Partial<ContainerState>): void {
    const state = { ...container.state, ...change };
    this.#updateState.run(JSON.stringify(state), container.id);
    container.state = state;
  }

  /** As `setState`, and on disk when it returns. */
  setStateDurably(container: Container, change: Partial<ContainerState>): void {
    const state = { ...container.state, ...change };
    this.#database.durable(() => this.#updateState.run(JSON.stringify(state), container.id));
    container.state = state;
  }

  /** Changes it in memory alone, when the database cannot be written to: it gets there with the next change. */
  noteState(container: Container, change: Partial<ContainerState>): void {
    container.state = { ...container.state, ...change };
  }

  /** Forgets a container and does what `alongside` does, for which it is gone, in the same transaction; on disk when it returns. */
  delete(container: Container, alongside: () => void = () => {}): void {
    this.#byId.delete(container.id);
    this.#byName.delete(container.name);
    try {
      this.#database.durable(() => {
        this.#delete.run(container.id);
        alongside();
      });
    } catch (error) {
      this.#remember(container);
      throw error;
    }
  }

  #remember(container: Container): void {
    this.#byId.set(container.id, container);
    this.#byName.set(container.name, container);
  }
}

/** Those engines mounted what the host config says, and nothing else. */
function completeRecord(record: StoredRecord): ContainerRecord {
  if (record.mounts !== undefined) return record as ContainerRecord;
  const { Binds, Mounts } = record.hostConfig;
  const wanted = [...Binds.map((text) => parseVolume(text, '')), ...Mounts.map(parseMountRequest)];
  return { ...record, mounts: wanted.map(({ point }) => point) };
}
