import * as v from 'valibot';

const schema = v.looseObject({
  username: v.nullish(v.string(), ''),
  password: v.nullish(v.string(), ''),
  auth: v.nullish(v.string(), ''),
  identitytoken: v.nullish(v.string(), ''),
  registrytoken: v.nullish(v.string(), ''),
  serveraddress: v.nullish(v.string(), ''),
});

/** Who a user is to a registry. All empty: nobody in particular. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
  /** Stands for the password, at the place that issues tokens. */
  readonly identityToken: string;
  /** A token for the registry itself. */
  readonly registryToken: string;
  /** The registry, as the user has named it. */
  readonly serverAddress: string;
}

export const ANONYMOUS: Credentials = {
  username: '',
  password: '',
  identityToken: '',
  registryToken: '',
  serverAddress: '',
};

/** Reads credentials in the form of the Engine API. Undefined when they have another. */
export function credentialsFrom(value: unknown): Credentials | undefined {
  const result = v.safeParse(schema, value);
  if (!result.success) return undefined;
  const { username, password, auth, identitytoken, registrytoken, serveraddress } = result.output;
  const [user = '', ...rest] = Buffer.from(auth, 'base64').toString().split(':');
  return {
    username: username || user,
    password: password || rest.join(':').replace(/\0+$/, ''),
    identityToken: identitytoken,
    registryToken: registrytoken,
    serverAddress: serveraddress,
  };
}

/** Reads the X-Registry-Auth header. What cannot be read counts as nobody, as with Docker. */
export function decodeCredentials(header: string | undefined): Credentials {
  if (!header) return ANONYMOUS;
  try {
    return credentialsFrom(JSON.parse(Buffer.from(header, 'base64url').toString())) ?? ANONYMOUS;
  } catch {
    return ANONYMOUS;
  }
}
