import {
  type DistributionInspect,
  type Filters,
  type ImageReference,
  InvalidArgument,
  withDefaultTag,
} from '../../api/index.ts';
import { type OciPlatform, parseImageConfig, parseIndex, parseManifest } from '../../layers/index.ts';
import {
  type Credentials,
  explainPull,
  isIndex,
  login,
  RegistryClient,
  type RegistryConfig,
  type RemoteManifest,
  type Repository,
  type SearchOptions,
  type SearchResult,
  search,
} from '../../registry/index.ts';

/** Docker's bounds of a search. */
const MAX_LIMIT = 100;
const DEFAULT_LIMIT = 25;
const SEARCH_FILTERS = ['is-automated', 'is-official', 'stars'];

/** What is asked of registries besides images. */
export class RegistryService implements Disposable {
  readonly client: RegistryClient;

  constructor(config: RegistryConfig) {
    this.client = new RegistryClient(config);
  }

  /** Tries credentials. See `login`. */
  login(credentials: Credentials, signal?: AbortSignal): Promise<{ identityToken: string }> {
    return login(this.client, credentials, signal);
  }

  /** Searches a registry. Throws InvalidArgument for a senseless limit or filter, and as `search`. */
  async search(
    term: string,
    filters: Filters,
    options: Omit<SearchOptions, 'limit'> & { limit?: number | undefined },
  ): Promise<SearchResult[]> {
    const limit = options.limit || DEFAULT_LIMIT;
    if (limit < 1 || limit > MAX_LIMIT)
      throw new InvalidArgument(`Limit ${limit} is outside the range of [1, ${MAX_LIMIT}]`);
    filters.validate(SEARCH_FILTERS);
    const isWanted = searchFilter(filters);
    return (await search(this.client, term, { ...options, limit })).filter(isWanted);
  }

  /** What a registry has under a name: its digest and its platforms. Throws as a pull. */
  async inspect(
    reference: ImageReference,
    options: { credentials?: Credentials | undefined; signal?: AbortSignal | undefined },
  ): Promise<DistributionInspect> {
    const complete = withDefaultTag(reference);
    try {
      return await this.client.atRepository(complete, options, async (repository) => {
        const manifest = await repository.manifest(complete.digest ?? complete.tag!, options.signal);
        const { mediaType, digest, bytes } = manifest;
        const platforms = await platformsOf(repository, manifest, options.signal);
        return { Descriptor: { mediaType, digest, size: bytes.length }, Platforms: platforms };
      });
    } catch (error) {
      throw explainPull(error, complete);
    }
  }

  [Symbol.dispose](): void {
    this.client[Symbol.dispose]();
  }
}

function searchFilter(filters: Filters): (result: SearchResult) => boolean {
  const flag = (key: string) => (filters.has(key) ? filters.boolean(key, false) : undefined);
  const official = flag('is-official');
  const automated = flag('is-automated');
  const stars = filters.values('stars').map((text) => {
    if (!/^\d+$/.test(text)) throw new InvalidArgument(`invalid filter 'stars=${text}'`);
    return Number(text);
  });
  return (result) =>
    (official ?? result.is_official) === result.is_official &&
    (automated ?? result.is_automated) === result.is_automated &&
    stars.every((least) => result.star_count >= least);
}

async function platformsOf(
  repository: Repository,
  { mediaType, bytes, digest }: RemoteManifest,
  signal: AbortSignal | undefined,
): Promise<OciPlatform[]> {
  if (isIndex(mediaType)) {
    return parseIndex(bytes, `index ${digest}`).manifests.flatMap(({ platform }) =>
      platform ? [platform] : [],
    );
  }
  const { config } = parseManifest(bytes, `manifest ${digest}`);
  const { architecture, os, variant } = parseImageConfig(
    await repository.document(config, signal),
    `config ${config.digest}`,
  );
  return [{ architecture, os, ...(variant ? { variant } : {}) }];
}
