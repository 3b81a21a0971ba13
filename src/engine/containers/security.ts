import { existsSync } from 'node:fs';
import { type HostConfig, InvalidArgument } from '../../api/index.ts';
import { DefaultSeccomp, parseProfile, resolveProfile, type SeccompFilter } from '../../runtime/index.ts';
import type { EngineConfig } from '../config.ts';

/** What `--security-opt` and the engine's configuration ask for. */
export interface SecurityOptions {
  readonly noNewPrivileges: boolean;
  /** The AppArmor profile that was asked for, which the kernel must know; undefined for none. */
  readonly apparmor: string | undefined;
  /** The seccomp filter for a set of capabilities; undefined for unconfined. */
  seccomp(capabilities: readonly string[]): SeccompFilter | undefined;
}

const UNCONFINED = 'unconfined';
/** The kernel's list of AppArmor profiles is there when AppArmor is. */
const APPARMOR = '/sys/kernel/security/apparmor/profiles';

/** The engine's ways of confining a container, with the default profile kept ready. */
export class Security {
  readonly #config: EngineConfig;
  readonly #default: DefaultSeccomp;

  constructor(config: EngineConfig) {
    this.#config = config;
    this.#default = new DefaultSeccomp(config.seccompProfile);
  }

  /** Throws InvalidArgument for an option that is unknown or malformed. */
  options(host: HostConfig): SecurityOptions {
    let noNewPrivileges = this.#config.noNewPrivileges;
    let profile = host.Privileged ? UNCONFINED : '';
    let apparmor: string | undefined;
    for (const option of host.SecurityOpt) {
      const [name, value] = splitOption(option);
      if (name === 'no-new-privileges') noNewPrivileges = isTrue(value, option);
      else if (name === 'seccomp') profile = value;
      else if (name === 'apparmor') apparmor = knownProfile(value);
      else if (!isHarmless(name, value)) throw new InvalidArgument(`invalid --security-opt 2: "${option}"`);
    }
    const seccomp = this.#seccomp(profile || this.#config.seccompProfile || '');
    return { noNewPrivileges, apparmor, seccomp };
  }

  #seccomp(profile: string): SecurityOptions['seccomp'] {
    if (profile === UNCONFINED) return () => undefined;
    if (!profile.trimStart().startsWith('{')) return (capabilities) => this.#default.resolve(capabilities);
    const parsed = parseProfile(profile, 'given with --security-opt');
    return (capabilities) => ({ rules: resolveProfile(parsed, capabilities) });
  }
}

function splitOption(option: string): [name: string, value: string] {
  const at = option.search(/[=:]/);
  return at < 0 ? [option, ''] : [option.slice(0, at), option.slice(at + 1)];
}

/** The option alone says yes too. Throws InvalidArgument. */
function isTrue(value: string, option: string): boolean {
  if (['', '1', 't', 'true'].includes(value.toLowerCase())) return true;
  if (['0', 'f', 'false'].includes(value.toLowerCase())) return false;
  throw new InvalidArgument(`invalid --security-opt 2: "${option}"`);
}

/** Labels are SELinux's, which is not offered; dockerd without SELinux takes and ignores them too. */
function isHarmless(name: string, value: string): boolean {
  return name === 'label' || name === 'disable' || (name === 'systempaths' && value === UNCONFINED);
}

function knownProfile(profile: string): string | undefined {
  if (profile === UNCONFINED) return undefined;
  if (existsSync(APPARMOR)) return profile;
  throw new InvalidArgument(
    `AppArmor is not enabled on this machine: profile "${profile}" cannot be applied`,
  );
}
