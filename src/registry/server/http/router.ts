import { checkName } from '../content/index.ts';
import { RegistryError } from '../errors.ts';
import type { Exchange } from './exchange.ts';

/** What somebody wants to do with a repository. */
export type Action = 'pull' | 'push' | 'delete';

/** What the path of a request names. */
export interface Params {
  /** The repository; empty where the path has none. */
  readonly name: string;
  /** A tag, digest or upload; empty where the path has none. */
  readonly reference: string;
}

export type Handler = (exchange: Exchange, params: Params) => void | Promise<void>;

export interface Route {
  /** What it is called in metrics. */
  readonly label: string;
  /** What the one who asks must be allowed to do with the repository; undefined when the route sees to that itself. */
  readonly action: Action | undefined;
  readonly handler: Handler;
}

/** The shapes of paths. A repository's name may hold any of the words between; the last one counts. */
const SHAPES = {
  '/v2/': /^\/v2\/?$/,
  '/v2/_catalog': /^\/v2\/_catalog$/,
  '/v2/{name}/tags/list': /^\/v2\/(?<name>.+)\/tags\/list$/,
  '/v2/{name}/manifests/{reference}': /^\/v2\/(?<name>.+)\/manifests\/(?<reference>[^/]+)$/,
  '/v2/{name}/blobs/uploads/': /^\/v2\/(?<name>.+)\/blobs\/uploads\/?$/,
  '/v2/{name}/blobs/uploads/{reference}': /^\/v2\/(?<name>.+)\/blobs\/uploads\/(?<reference>[^/]+)$/,
  '/v2/{name}/blobs/{reference}': /^\/v2\/(?<name>.+)\/blobs\/(?<reference>[^/]+)$/,
  '/v2/{name}/referrers/{reference}': /^\/v2\/(?<name>.+)\/referrers\/(?<reference>[^/]+)$/,
} as const;

export type Shape = keyof typeof SHAPES;

/** The table of what the registry answers. */
export class Router {
  readonly #shapes = new Map<Shape, Map<string, Route>>();
  readonly #fixed = new Map<string, Map<string, Route>>();

  /** Adds a route of the distribution specification. */
  add(method: string, shape: Shape, action: Action | undefined, handler: Handler): void {
    put(this.#shapes, shape, method, { label: shape, action, handler });
  }

  /** Adds a path of our own, without parameters. */
  addFixed(method: string, path: string, handler: Handler): void {
    put(this.#fixed, path, method, { label: path, action: undefined, handler });
  }

  /** Throws NAME_INVALID for a bad repository name, UNSUPPORTED when nothing has this path or method. */
  find(method: string, path: string): { route: Route; params: Params } {
    const fixed = this.#fixed.get(path);
    if (fixed) return { route: choose(fixed, method), params: { name: '', reference: '' } };
    for (const [shape, pattern] of Object.entries(SHAPES)) {
      const match = pattern.exec(path);
      if (!match) continue;
      const { name = '', reference = '' } = match.groups ?? {};
      const route = choose(this.#shapes.get(shape as Shape), method);
      return { route, params: { name: name && checkName(name), reference } };
    }
    throw new RegistryError('UNSUPPORTED', 'there is nothing here', { status: 404 });
  }
}

function put<K>(table: Map<K, Map<string, Route>>, key: K, method: string, route: Route): void {
  const methods = table.get(key) ?? new Map<string, Route>();
  methods.set(method, route);
  if (method === 'GET') methods.set('HEAD', route);
  table.set(key, methods);
}

function choose(methods: ReadonlyMap<string, Route> | undefined, method: string): Route {
  const route = methods?.get(method);
  if (route) return route;
  throw new RegistryError('UNSUPPORTED', `${method} is not possible here`, {
    headers: { Allow: [...(methods?.keys() ?? [])].join(', ') },
  });
}
