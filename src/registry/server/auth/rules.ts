import type { AccessRule } from '../config/schema.ts';
import type { Action } from '../http/router.ts';

/** Who stands for everybody who has signed in, and for everybody at all. */
const SIGNED_IN = '*';
const ANYONE = '@anyone';

interface Compiled {
  readonly repositories: readonly RegExp[];
  readonly users: ReadonlySet<string>;
  readonly actions: ReadonlySet<Action>;
}

/** Which user may do what with which repository. What no rule allows is forbidden. */
export class Rules {
  readonly #rules: readonly Compiled[];

  constructor(rules: readonly AccessRule[]) {
    this.#rules = rules.map((rule) => ({
      repositories: rule.repositories.map(compilePattern),
      users: new Set(rule.users),
      actions: new Set(rule.actions),
    }));
  }

  /** `user` is undefined for somebody who has not signed in. */
  permits(user: string | undefined, repository: string, action: Action): boolean {
    return this.#rules.some(
      ({ repositories, users, actions }) =>
        actions.has(action) &&
        (users.has(ANYONE) || (user !== undefined && (users.has(SIGNED_IN) || users.has(user)))) &&
        repositories.some((pattern) => pattern.test(repository)),
    );
  }
}

/** `team/*` is `team/app` and not `team/app/base`, which `team/**` is, too. */
export function compilePattern(pattern: string): RegExp {
  const source = pattern
    .split(/(\*\*|\*)/)
    .map((part) =>
      part === '**' ? '.*' : part === '*' ? '[^/]*' : part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'),
    )
    .join('');
  return new RegExp(`^${source}$`);
}

/** What holds when no rules are given: who signs in may do everything. */
export function defaultRules(anonymousPull: boolean): AccessRule[] {
  const everything: AccessRule = {
    repositories: ['**'],
    users: [SIGNED_IN],
    actions: ['pull', 'push', 'delete'],
  };
  const pull: AccessRule = { repositories: ['**'], users: [ANYONE], actions: ['pull'] };
  return anonymousPull ? [everything, pull] : [everything];
}
