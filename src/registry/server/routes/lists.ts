import { RegistryError } from '../errors.ts';
import { nextLink, takePage, wantedCount } from '../http/pages.ts';
import type { Router } from '../http/router.ts';
import type { RegistryParts } from '../parts.ts';

/** Repositories on a page of the catalogue, for clients that do not say and for those that ask for too many. */
const CATALOG_PAGE = 1000;
const LARGEST_PAGE = 10_000;

/** Whether there is a registry, and what is in it (distribution-spec, "Determining Support", "Listing Tags"). */
export function listRoutes(router: Router, { content, access, proxy }: RegistryParts): void {
  router.add('GET', '/v2/', undefined, (exchange) => {
    access.requireIdentity(exchange);
    exchange.json(200, {});
  });

  router.add('GET', '/v2/{name}/tags/list', 'pull', async (exchange, { name }) => {
    const count = wantedCount(exchange);
    const last = exchange.query.get('last') ?? '';
    const all = (await proxy.tags(name)) ?? (await content.tags.list(name));
    if (all.length === 0 && !(await content.repositories.has(name))) {
      throw new RegistryError('NAME_UNKNOWN', 'there is no such repository', { detail: { name } });
    }
    const page = await takePage(after(all, last), count ?? all.length);
    const link = count === undefined ? {} : nextLink(`/v2/${name}/tags/list`, page, count);
    exchange.json(200, { name, tags: page.names }, link);
  });

  router.add('GET', '/v2/_catalog', undefined, async (exchange) => {
    access.requireIdentity(exchange);
    const count = Math.min(wantedCount(exchange) ?? CATALOG_PAGE, LARGEST_PAGE);
    const names = content.repositories.list(exchange.query.get('last') ?? '');
    const page = await takePage(access.visible(exchange.identity, names), count);
    exchange.json(200, { repositories: page.names }, nextLink('/v2/_catalog', page, count));
  });
}

/** The part of a sorted list behind `last`, which need not be in it. */
function after(sorted: readonly string[], last: string): readonly string[] {
  return last === '' ? sorted : sorted.filter((name) => name > last);
}
