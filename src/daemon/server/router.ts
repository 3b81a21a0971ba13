import { InvalidArgument } from '../../api/index.ts';
import type { RequestContext } from './context.ts';

/** Answers a request. What it throws becomes an error answer with the status of its class. */
export type Handler = (ctx: RequestContext) => void | Promise<void>;

export interface Match {
  readonly handler: Handler;
  /** The parts of the path that the pattern names, percent-decoded. */
  readonly params: Record<string, string>;
}

interface Pattern {
  readonly regex: RegExp;
  readonly handler: Handler;
}

/**
 * The table of what the engine answers. A pattern is a path without version, whose `{name}` parts match anything that is
 * not empty, slashes included: `/images/{name}/json` matches `/images/a/b/json`. Patterns without such a part win over those
 * with one; among the others the first that was added wins.
 */
export class Router {
  readonly #fixed = new Map<string, Handler>();
  readonly #patterns = new Map<string, Pattern[]>();

  get(pattern: string, handler: Handler): void {
    this.add('GET', pattern, handler);
  }

  head(pattern: string, handler: Handler): void {
    this.add('HEAD', pattern, handler);
  }

  post(pattern: string, handler: Handler): void {
    this.add('POST', pattern, handler);
  }

  put(pattern: string, handler: Handler): void {
    this.add('PUT', pattern, handler);
  }

  delete(pattern: string, handler: Handler): void {
    this.add('DELETE', pattern, handler);
  }

  add(method: string, pattern: string, handler: Handler): void {
    if (!pattern.includes('{')) {
      this.#fixed.set(`${method} ${pattern}`, handler);
      return;
    }
    const source = pattern.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{(\w+)\}/g, '(?<$1>.+)');
    const key = bucket(method, pattern);
    const patterns = this.#patterns.get(key) ?? [];
    patterns.push({ regex: new RegExp(`^${source}$`, 's'), handler });
    this.#patterns.set(key, patterns);
  }

  /**
   * Finds the handler of a path without version, still percent-encoded. Undefined when there is none for the path and the
   * method. Throws InvalidArgument for a path that cannot be decoded.
   */
  find(method: string, encodedPath: string): Match | undefined {
    const path = decode(encodedPath);
    const fixed = this.#fixed.get(`${method} ${path}`);
    if (fixed) return { handler: fixed, params: {} };
    for (const { regex, handler } of this.#patterns.get(bucket(method, path)) ?? []) {
      const match = regex.exec(path);
      if (match) return { handler, params: { ...match.groups } };
    }
    return undefined;
  }
}

/** Method and first segment of the path, which patterns never leave open: few patterns share them. */
function bucket(method: string, path: string): string {
  const end = path.indexOf('/', 1);
  return `${method} ${end < 0 ? path : path.slice(0, end)}`;
}

function decode(path: string): string {
  if (!path.includes('%')) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    throw new InvalidArgument(`invalid URL escape in path ${path}`);
  }
}
