import type { Content } from '../content/index.ts';
import { parseManifest } from '../content/index.ts';
import { wantedCount } from '../http/pages.ts';
import type { Router } from '../http/router.ts';
import type { RegistryParts } from '../parts.ts';

const DEFAULT_RESULTS = 25;
const MOST_RESULTS = 100;

const DESCRIPTION = 'org.opencontainers.image.description';

/** The search of the first version of the API, which is the one that `docker search` asks. */
export function searchRoutes(router: Router, { content, access }: RegistryParts): void {
  router.addFixed('GET', '/v1/_ping', (exchange) => {
    exchange.json(200, true, { 'X-Docker-Registry-Standalone': 'true' });
  });

  router.addFixed('GET', '/v1/search', async (exchange) => {
    const query = exchange.query.get('q') ?? '';
    const count = Math.min(wantedCount(exchange) ?? DEFAULT_RESULTS, MOST_RESULTS);
    const wanted = query.toLowerCase().replace(/^library\//, '');
    const found: string[] = [];
    for await (const name of access.visible(exchange.identity, content.repositories.list())) {
      if (name.includes(wanted)) found.push(name);
    }
    const results = found.sort((a, b) => rank(a, wanted) - rank(b, wanted)).slice(0, count);
    exchange.json(200, {
      query,
      num_results: results.length,
      results: await Promise.all(results.map((name) => describe(content, name))),
    });
  });
}

/** The name itself comes first, then what begins with it, then what has it as the last part. */
function rank(name: string, wanted: string): number {
  if (name === wanted) return 0;
  if (name.startsWith(wanted)) return 1;
  return name.endsWith(`/${wanted}`) ? 2 : 3;
}

/** What there is to say of a repository is an annotation of its latest image. */
async function describe(content: Content, name: string): Promise<object> {
  const latest = await content.manifests.get(name, { tag: 'latest' });
  const description = latest && parseManifest(latest.bytes).annotations?.[DESCRIPTION];
  return { name, description: description ?? '', star_count: 0, is_official: false, is_automated: false };
}
