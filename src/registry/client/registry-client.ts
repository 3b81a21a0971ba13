import type { ImageReference } from '../../api/index.ts';
import { ANONYMOUS, type Credentials } from './credentials.ts';
import { type Endpoint, type EndpointConfig, endpointsOf } from './endpoints.ts';
import { RegistryFailure } from './failure.ts';
import { type Action, Repository } from './repository.ts';
import { Agents } from './transport/agents.ts';
import { Session } from './transport/session.ts';

/** What the client must be told. Read anew for each call, because the engine may be told otherwise while it runs. */
export interface RegistryConfig extends EndpointConfig {
  /** Attempts at each download. */
  readonly maxDownloadAttempts: number;
}

export interface RepositoryOptions {
  readonly credentials?: Credentials | undefined;
  readonly actions?: readonly Action[];
  readonly signal?: AbortSignal | undefined;
}

export interface RegistryOptions extends Omit<RepositoryOptions, 'actions'> {
  /** Whether to ask the registry's mirrors first: not when something is to be changed, nor with a password. */
  readonly mirrors?: boolean;
  /** Places to ask in place of the usual ones. */
  readonly endpoints?: readonly Endpoint[] | undefined;
}

/** Asks registries. One for an engine, so that connections are used again; dispose of it to close them. */
export class RegistryClient implements Disposable {
  readonly config: RegistryConfig;
  readonly #agents: Agents;
  /** The endpoint that worked for an insecure registry, so that the others need not be tried each time. */
  readonly #working = new Map<string, string>();

  constructor(config: RegistryConfig, certificateFolders?: readonly string[]) {
    this.config = config;
    this.#agents = new Agents(certificateFolders);
  }

  /** Does something in the repository of `reference`; see `atRegistry`. */
  atRepository<Result>(
    reference: ImageReference,
    options: RepositoryOptions,
    work: (repository: Repository) => Promise<Result>,
  ): Promise<Result> {
    const { actions = ['pull'] } = options;
    const mirrors = actions.every((action) => action === 'pull');
    return this.atRegistry(reference.domain, { ...options, mirrors }, (session) =>
      work(new Repository(session, reference, actions)),
    );
  }

  /**
   * Does something at the first of a registry's endpoints where it works. The failure of the last one comes through, unless
   * an earlier one tells more.
   */
  async atRegistry<Result>(
    domain: string,
    { credentials = ANONYMOUS, signal, mirrors = false, endpoints }: RegistryOptions,
    work: (session: Session) => Promise<Result>,
  ): Promise<Result> {
    let failure: unknown;
    for (const endpoint of endpoints ?? (await this.#endpoints(domain, mirrors))) {
      signal?.throwIfAborted();
      try {
        const result = await work(this.session(endpoint, credentials));
        if (!endpoint.mirror) this.#working.set(domain, endpoint.url.href);
        return result;
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof RegistryFailure)) throw error;
        // An endpoint that has answered knows more than one that was not there.
        if (failure === undefined || hasAnswered(error) || !hasAnswered(failure)) failure = error;
        if (!endpoint.mirror && hasAnswered(error)) break;
      }
    }
    throw failure;
  }

  /** A conversation with one endpoint. */
  session(endpoint: Endpoint, credentials: Credentials = ANONYMOUS): Session {
    return new Session(endpoint, this.#agents, credentials);
  }

  /** Where a registry can be asked. */
  async #endpoints(domain: string, mirrors: boolean): Promise<Endpoint[]> {
    const all = await endpointsOf(domain, this.config);
    const first = this.#working.get(domain);
    return all
      .filter(({ mirror }) => mirrors || !mirror)
      .toSorted(
        (a, b) =>
          Number(b.mirror) - Number(a.mirror) || Number(b.url.href === first) - Number(a.url.href === first),
      );
  }

  [Symbol.dispose](): void {
    this.#agents[Symbol.dispose]();
  }
}

/** Whether a registry was reached: 495 stands for one with which no connection could be made. */
function hasAnswered(error: unknown): boolean {
  return error instanceof RegistryFailure && error.status !== 0 && error.status !== 495;
}
