import { familiarName, familiarReference, type ImageReference, Internal, NotFound } from '../../api/index.ts';
import { RegistryFailure } from './failure.ts';

/** The error that a user reads when a pull fails, in Docker's words. What is no RegistryFailure comes through. */
export function explainPull(error: unknown, reference: ImageReference): unknown {
  if (!(error instanceof RegistryFailure)) return error;
  const name = familiarReference(reference);
  const { code, status, message } = error;
  if (code === 'MANIFEST_UNKNOWN' || code === 'NOT_FOUND' || (status === 404 && code === ''))
    return new NotFound(`manifest for ${name} not found: ${message}`, { cause: error });
  if (code === 'NAME_UNKNOWN' || code === 'NAME_INVALID')
    return new NotFound(`repository ${familiarName(reference)} not found: ${message}`, { cause: error });
  if (isDenial(error) && message !== 'no basic auth credentials') {
    return new NotFound(
      `pull access denied for ${familiarName(reference)}, repository does not exist or may require 'docker login': ${message}`,
      { cause: error },
    );
  }
  return explain(error, reference.domain);
}

/** The same for a push. */
export function explainPush(error: unknown, reference: ImageReference): unknown {
  if (!(error instanceof RegistryFailure)) return error;
  return explain(error, reference.domain);
}

/** The error that a user reads when a registry could not do what it was asked. */
export function explain(error: unknown, domain: string): unknown {
  if (!(error instanceof RegistryFailure)) return error;
  const { status, code, message, retryAfter } = error;
  if (status === 429 || code === 'TOOMANYREQUESTS') {
    const when = retryAfter === undefined ? 'later' : `in ${Math.ceil(retryAfter / 1000)} seconds`;
    return new Internal(
      `${/toomanyrequests/.test(message) ? '' : 'toomanyrequests: '}${message}: ${domain} limits how often it may be asked: ` +
        `try again ${when}, or log in with "berth login", for which limits may be higher`,
      { cause: error },
    );
  }
  // Not Unauthorized: clients would ask for a password, and wait for it where there is nobody.
  return new Internal(message, { cause: error });
}

function isDenial({ status, code }: RegistryFailure): boolean {
  return status === 401 || status === 403 || code === 'DENIED' || code === 'UNAUTHORIZED';
}
