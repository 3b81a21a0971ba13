import { RegistryFailure } from '../failure.ts';

/** What the kernel and the resolver call things, in the words that people of other clients search for. */
const TEXTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset by peer',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network is unreachable',
  ETIMEDOUT: 'connection timed out',
  EPIPE: 'broken pipe',
};

/** What OpenSSL calls a certificate that it does not trust. */
const UNTRUSTED = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** Codes of failures that the next attempt meets again. */
const LASTING = /CERT|SELF_SIGNED|^ERR_TLS|^ERR_SSL|^EPROTO|^ENOTFOUND/;

interface SystemFailure {
  readonly code?: string;
  readonly syscall?: string;
  readonly address?: string;
  readonly port?: number;
  readonly hostname?: string;
  readonly message?: string;
}

/** The failure of a request that got no whole answer. */
export function networkFailure(method: string, url: URL, error: unknown): RegistryFailure {
  if (error instanceof RegistryFailure) return error;
  const failure = innermost(error);
  const verb = method.charAt(0) + method.slice(1).toLowerCase();
  const { code = '' } = failure;
  return new RegistryFailure(`${verb} "${withoutSecrets(url)}": ${reason(failure, url)}`, {
    // 495: an answer of no registry, for what is wrong with its certificate or protocol.
    status: LASTING.test(code) ? 495 : 0,
    code,
    cause: error,
  });
}

function reason({ code = '', syscall, address, port, message = '' }: SystemFailure, url: URL): string {
  const to = address === undefined ? url.host : `${address.includes(':') ? `[${address}]` : address}:${port}`;
  if (UNTRUSTED.has(code)) {
    return `tls: failed to verify certificate: x509: certificate signed by unknown authority: put the authority's certificate into /etc/berth/certs.d/${url.host}/ca.crt`;
  }
  if (code === 'CERT_HAS_EXPIRED')
    return 'tls: failed to verify certificate: x509: certificate has expired or is not yet valid';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return `tls: failed to verify certificate: x509: certificate is not valid for ${url.hostname}`;
  if (/WRONG_VERSION_NUMBER|^EPROTO/.test(code) || /wrong version number/.test(message))
    return 'http: server gave HTTP response to HTTPS client';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `dial tcp: lookup ${url.hostname}: no such host`;
  const text = TEXTS[code];
  if (syscall === 'connect' && text !== undefined) return `dial tcp ${to}: connect: ${text}`;
  return text ?? (message || code || 'unexpected EOF');
}

/** A name with several addresses fails with all their errors in one. */
function innermost(error: unknown): SystemFailure {
  if (error instanceof AggregateError && error.errors.length > 0) return innermost(error.errors.at(-1));
  return (error ?? {}) as SystemFailure;
}

/** A URL to which a registry has redirected may be signed: whoever knows the signature may read. */
function withoutSecrets(url: URL): string {
  return `${url.origin}${url.pathname}`;
}
