import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { Internal, InvalidArgument, messageOf } from '../../api/index.ts';
import type { OciSeccomp, OciSyscall } from './oci.ts';

/** Debian's golang-github-containers-common installs it; the same rules as Docker's own profile. */
const SYSTEM_PROFILE = '/usr/share/containers/seccomp.json';
const ARCHITECTURE = process.arch === 'arm64' ? 'arm64' : 'amd64';
const SECCOMP_ARCHITECTURE = process.arch === 'arm64' ? 'SCMP_ARCH_AARCH64' : 'SCMP_ARCH_X86_64';

const condition = v.nullish(
  v.looseObject({
    caps: v.nullish(v.array(v.string()), []),
    arches: v.nullish(v.array(v.string()), []),
    minKernel: v.nullish(v.string()),
  }),
  {},
);

/** A profile as Docker's documentation describes it: rules that hold for some capabilities and architectures. */
const ProfileSchema = v.looseObject({
  defaultAction: v.string(),
  defaultErrnoRet: v.nullish(v.number()),
  architectures: v.nullish(v.array(v.string())),
  archMap: v.nullish(
    v.array(
      v.looseObject({ architecture: v.string(), subArchitectures: v.nullish(v.array(v.string()), []) }),
    ),
  ),
  flags: v.nullish(v.array(v.string())),
  syscalls: v.nullish(
    v.array(
      v.looseObject({
        name: v.nullish(v.string()),
        names: v.nullish(v.array(v.string()), []),
        action: v.string(),
        errnoRet: v.nullish(v.number()),
        args: v.nullish(v.array(v.unknown())),
        includes: condition,
        excludes: condition,
      }),
    ),
    [],
  ),
});

type Profile = v.InferOutput<typeof ProfileSchema>;

/** Reads a profile's text. Throws InvalidArgument. */
export function parseProfile(text: string, name: string): Profile {
  try {
    return v.parse(ProfileSchema, JSON.parse(text));
  } catch (error) {
    throw new InvalidArgument(`invalid seccomp profile ${name}: ${messageOf(error)}`);
  }
}

/** The rules of a profile that hold for a container with these capabilities on this machine. */
export function resolveProfile(profile: Profile, capabilities: readonly string[]): OciSeccomp {
  const syscalls: OciSyscall[] = [];
  for (const rule of profile.syscalls) {
    if (!holds(rule, capabilities)) continue;
    const names = rule.name ? [rule.name] : rule.names;
    syscalls.push({
      names,
      action: rule.action,
      ...(rule.errnoRet != null && { errnoRet: rule.errnoRet }),
      ...(rule.args?.length && { args: rule.args }),
    });
  }
  const family = profile.archMap?.find((entry) => entry.architecture === SECCOMP_ARCHITECTURE);
  const architectures = family ? [family.architecture, ...family.subArchitectures] : profile.architectures;
  return {
    defaultAction: profile.defaultAction,
    ...(profile.defaultErrnoRet != null && { defaultErrnoRet: profile.defaultErrnoRet }),
    ...(architectures && { architectures }),
    ...(profile.flags?.length && { flags: profile.flags }),
    syscalls,
  };
}

function holds(rule: Profile['syscalls'][number], capabilities: readonly string[]): boolean {
  const { includes, excludes } = rule;
  if (excludes.arches?.includes(ARCHITECTURE)) return false;
  if (excludes.caps?.some((name) => capabilities.includes(name))) return false;
  if (includes.arches?.length && !includes.arches.includes(ARCHITECTURE)) return false;
  return !includes.caps?.length || includes.caps.every((name) => capabilities.includes(name));
}

/** The engine's default profile, read once and resolved once for each set of capabilities. */
export class DefaultSeccomp {
  readonly #path: string;
  readonly #resolved = new Map<string, OciSeccomp>();
  #profile: Profile | undefined;

  constructor(path: string = SYSTEM_PROFILE) {
    this.#path = path;
  }

  /** Throws Internal when the profile is missing: a container never runs unconfined by accident. */
  resolve(capabilities: readonly string[]): OciSeccomp {
    const key = capabilities.join();
    const known = this.#resolved.get(key);
    if (known !== undefined) return known;
    this.#profile ??= parseProfile(this.#read(), this.#path);
    const resolved = resolveProfile(this.#profile, capabilities);
    this.#resolved.set(key, resolved);
    return resolved;
  }

  #read(): string {
    try {
      return readFileSync(this.#path, 'utf8');
    } catch (error) {
      throw new Internal(
        `cannot read the seccomp profile ${this.#path}: ${messageOf(error)}: install the package golang-github-containers-common, or name a profile with --seccomp-profile`,
      );
    }
  }
}
