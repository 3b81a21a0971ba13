import { readFileSync, statSync } from 'node:fs';
import { InvalidArgument, messageOf } from '../../../api/index.ts';
import { Passwords } from './passwords.ts';

/** How often to look whether the file has changed, in milliseconds. */
const LOOK_INTERVAL = 1000;

/** A bcrypt hash that no password has, so that unknown names take as long as known ones. */
const NOBODY = '$2b$10$9nhLLbpOj6LNcGHzOpsSQuGYtbDgPSsMwm8Y1rvzbYQg3d1vVXVVW';

/** The users of an htpasswd file with bcrypt hashes (`htpasswd -B`). Changes of the file hold at once. */
export class Htpasswd implements AsyncDisposable {
  readonly #path: string;
  readonly #passwords = new Passwords();
  #users: ReadonlyMap<string, string>;
  #stamp: string;
  #lookedAt = Date.now();

  /** Throws InvalidArgument that names the line when the file is not as expected. */
  constructor(path: string) {
    this.#path = path;
    this.#stamp = stampOf(path);
    this.#users = read(path);
  }

  /** Whether there is such a user with this password. */
  async verify(user: string, password: string): Promise<boolean> {
    this.#reread();
    const hash = this.#users.get(user);
    // bcrypt looks at 72 bytes: a longer password would be right whatever follows them.
    const fits = Buffer.byteLength(password) <= 72;
    const equal = await this.#passwords.compare(fits ? password : '', hash ?? NOBODY);
    return hash !== undefined && fits && equal;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#passwords[Symbol.asyncDispose]();
  }

  /** A file that is broken while somebody edits it leaves the users as they were. */
  #reread(): void {
    if (Date.now() - this.#lookedAt < LOOK_INTERVAL) return;
    this.#lookedAt = Date.now();
    try {
      const stamp = stampOf(this.#path);
      if (stamp === this.#stamp) return;
      this.#users = read(this.#path);
      this.#stamp = stamp;
    } catch {
      // It is looked at again in a moment.
    }
  }
}

function stampOf(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false });
  return found ? `${found.ino} ${found.size} ${found.mtimeMs}` : '';
}

function read(path: string): Map<string, string> {
  const users = new Map<string, string>();
  try {
    for (const [number, line] of readFileSync(path, 'utf8').split('\n').entries()) {
      const text = line.trim();
      if (text === '' || text.startsWith('#')) continue;
      const colon = text.indexOf(':');
      const hash = text.slice(colon + 1);
      if (colon < 1 || !/^\$2[aby]\$\d\d\$[./0-9A-Za-z]{53}$/.test(hash)) {
        throw new Error(`line ${number + 1} is not NAME:HASH with a bcrypt hash, as 'htpasswd -B' writes it`);
      }
      users.set(text.slice(0, colon), hash);
    }
  } catch (cause) {
    throw new InvalidArgument(`could not read the users of ${path}: ${messageOf(cause)}`, { cause });
  }
  return users;
}
