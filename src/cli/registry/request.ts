import { handOver } from '../handover.ts';

/** What `src/registry/server/main.ts` is handed. */
export interface RegistryRequest {
  readonly file?: string | undefined;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly grace?: string | undefined;
  readonly untagged?: boolean | undefined;
}

/** Goes on as the registry's own program. */
export function runRegistry(verb: 'serve' | 'gc' | 'status', request: RegistryRequest): never {
  handOver('src/registry/server/start.mjs', [verb, JSON.stringify(request)]);
}
