import { closeSync, constants, openSync } from 'node:fs';
import { InvalidArgument } from '../../api/index.ts';
import { readFileInRoot } from '../../linux/index.ts';
import type { OciUser } from './oci.ts';

/** Larger user databases are cut off here; an image may hold anything under this name. */
const MAX_DATABASE = 4 * 1024 * 1024;
const MAX_ID = 2 ** 31 - 1;

/** Who a process runs as. */
export interface ImageUser {
  readonly ids: OciUser;
  /** Home folder; `/` for a user of whom the image knows none. */
  readonly home: string;
}

interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/**
 * Resolves `user[:group]` and further groups, by name or number, against the image's own /etc/passwd and /etc/group.
 * `rootfs` is the mounted root file system. A number needs no entry; a name does. Throws InvalidArgument.
 */
export function resolveUser(rootfs: string, user: string, groupAdd: readonly string[]): ImageUser {
  const root = openSync(rootfs, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const passwd = parsePasswd(readFileInRoot(root, '/etc/passwd', MAX_DATABASE) ?? '');
    const groups = parseGroup(readFileInRoot(root, '/etc/group', MAX_DATABASE) ?? '');
    return resolve(passwd, groups, user, groupAdd);
  } finally {
    closeSync(root);
  }
}

function resolve(
  passwd: readonly PasswdEntry[],
  groups: readonly GroupEntry[],
  user: string,
  groupAdd: readonly string[],
): ImageUser {
  const [userPart = '', groupPart = ''] = user.split(':', 2);
  const wanted = userPart === '' ? '0' : userPart;
  const entry = passwd.find(({ name, uid }) => name === wanted || String(uid) === wanted);
  const uid = entry?.uid ?? numericId(wanted);
  if (uid === undefined) {
    throw new InvalidArgument(`unable to find user ${wanted}: no matching entries in passwd file`);
  }
  const gid = groupPart === '' ? (entry?.gid ?? 0) : groupId(groups, groupPart);
  // A group that is named takes the place of the user's own groups, as with dockerd.
  const own =
    groupPart === '' && entry !== undefined
      ? groups.filter(({ members }) => members.includes(entry.name)).map((group) => group.gid)
      : [];
  const added = groupAdd.map((group) => groupId(groups, group));
  return {
    ids: { uid, gid, additionalGids: [...new Set([gid, ...own, ...added])] },
    // By number, as OCI runtimes look it up: of two names for one number the first counts.
    home: passwd.find((one) => one.uid === uid)?.home || '/',
  };
}

function groupId(groups: readonly GroupEntry[], wanted: string): number {
  const entry = groups.find(({ name, gid }) => name === wanted || String(gid) === wanted);
  const gid = entry?.gid ?? numericId(wanted);
  if (gid === undefined) {
    throw new InvalidArgument(`unable to find group ${wanted}: no matching entries in group file`);
  }
  return gid;
}

function numericId(text: string): number | undefined {
  if (!/^\d+$/.test(text)) return undefined;
  const id = Number(text);
  if (id > MAX_ID) throw new InvalidArgument(`uids and gids must be in range 0-${MAX_ID}`);
  return id;
}

function parsePasswd(text: string): PasswdEntry[] {
  return fields(text).flatMap(([name = '', , uid = '', gid = '', , home = '']) =>
    /^\d+$/.test(uid) ? [{ name, uid: Number(uid), gid: Number(gid) || 0, home }] : [],
  );
}

function parseGroup(text: string): GroupEntry[] {
  return fields(text).flatMap(([name = '', , gid = '', members = '']) =>
    /^\d+$/.test(gid) ? [{ name, gid: Number(gid), members: members.split(',').filter(Boolean) }] : [],
  );
}

function fields(text: string): string[][] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(':'));
}
