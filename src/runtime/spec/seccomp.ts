import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { Internal, InvalidArgument, messageOf } from '../../api/index.ts';
import { compileSeccomp } from '../../linux/index.ts';
import type { OciSeccomp, OciSyscall } from './oci.ts';
import { reserve } from './seccomp-reserve.ts';

/** Debian's golang-github-containers-common installs it; with `reserve` its rules are as strict as dockerd's. */
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
        args: v.nullish(
          v.array(
            v.object({
              index: v.number(),
              op: v.string(),
              value: v.number(),
              valueTwo: v.optional(v.number()),
            }),
          ),
        ),
        includes: condition,
        excludes: condition,
      }),
    ),
    [],
  ),
});

export type Profile = v.InferOutput<typeof ProfileSchema>;

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

/** A filter in both of its forms. */
export interface SeccompFilter {
  readonly rules: OciSeccomp;
  /**
   * The compiled filter in base64, for runtimes that take it (crun's annotation run.oci.seccomp_bpf_data); compiling the
   * rules is most of what creating a container costs them. Undefined where libseccomp is not to be had.
   */
  readonly program?: string | undefined;
}

/** The engine's default profile, read once, and resolved and compiled once for each set of capabilities. */
export class DefaultSeccomp {
  readonly #path: string;
  readonly #resolved = new Map<string, SeccompFilter>();
  #profile: Profile | undefined;

  constructor(path: string = SYSTEM_PROFILE) {
    this.#path = path;
  }

  /** Throws Internal when the profile is missing: a container never runs unconfined by accident. */
  resolve(capabilities: readonly string[]): SeccompFilter {
    const key = capabilities.join();
    const known = this.#resolved.get(key);
    if (known !== undefined) return known;
    this.#profile ??= this.#load();
    const rules = resolveProfile(this.#profile, capabilities);
    const resolved = { rules, program: compiled(rules) };
    this.#resolved.set(key, resolved);
    return resolved;
  }

  /** A profile that the administrator names is taken as it is. */
  #load(): Profile {
    const profile = parseProfile(this.#read(), this.#path);
    return this.#path === SYSTEM_PROFILE ? reserve(profile) : profile;
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

function compiled(rules: OciSeccomp): string | undefined {
  try {
    return compileSeccomp(rules).toString('base64');
  } catch {
    // The runtime compiles the rules itself then, and says what is wrong with them if anything is.
    return undefined;
  }
}
