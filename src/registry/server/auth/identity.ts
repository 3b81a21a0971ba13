/** What a token lets its bearer do (distribution project, "Token Scope Documentation"). */
export interface Grant {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

/** Who makes a request. */
export type Identity =
  | { readonly kind: 'anonymous' }
  /** Somebody who has shown a password. */
  | { readonly kind: 'user'; readonly name: string }
  /** Somebody with a token, which says what it is good for. */
  | { readonly kind: 'token'; readonly name: string; readonly grants: readonly Grant[] };

/** The name for logs; `-` for nobody. */
export function nameOf(identity: Identity): string {
  return identity.kind === 'anonymous' ? '-' : identity.name || '-';
}
