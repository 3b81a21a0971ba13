import { Unauthorized } from '../../api/index.ts';
import type { Credentials } from './credentials.ts';
import { explain } from './explain.ts';
import { RegistryFailure } from './failure.ts';
import type { RegistryClient } from './registry-client.ts';
import { failureOf } from './transport/answers.ts';
import type { Session } from './transport/session.ts';

/** What the addresses of Docker Hub, past and present, mean: `docker login` names it by the oldest of them. */
const HUB = /^(?:https?:\/\/)?(?:(?:index|registry-1|registry)\.)?docker\.io(?:\/v[12])?\/?$/;

/** The registry that a server address, as users and old clients write it, stands for. */
export function registryOf(serverAddress: string): string {
  if (serverAddress === '' || HUB.test(serverAddress)) return 'docker.io';
  return serverAddress.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
}

/**
 * Tries credentials at their registry. Hands back the token that stands for the password from now on, where the registry
 * issues one. Throws Unauthorized when the registry refuses them, Internal when it cannot be asked.
 */
export async function login(
  client: RegistryClient,
  credentials: Credentials,
  signal?: AbortSignal,
): Promise<{ identityToken: string }> {
  const domain = registryOf(credentials.serverAddress);
  try {
    return await client.atRegistry(domain, { credentials, signal }, (session) => tryLogin(session, signal));
  } catch (error) {
    if (error instanceof RegistryFailure && error.status === 401)
      throw new Unauthorized(error.message, { cause: error });
    throw explain(error, domain);
  }
}

async function tryLogin(
  session: Session,
  signal: AbortSignal | undefined,
): Promise<{ identityToken: string }> {
  const response = await session.request({ method: 'GET', target: '/v2/', signal });
  if (response.status === 200) {
    response.discard();
    return { identityToken: (await session.authorizer.identityToken()) ?? '' };
  }
  const failure = await failureOf(response);
  if (response.status !== 401) throw failure;
  throw new Unauthorized(
    `login attempt to ${session.endpoint.url.origin}/v2/ failed with status: 401 Unauthorized`,
    { cause: failure instanceof RegistryFailure ? failure : undefined },
  );
}
