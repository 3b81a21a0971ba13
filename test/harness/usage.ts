/** What a test file has asked of its engines so far: by this a proof is held to what it claims. */

/** A run of a client: `docker` or `berth`, and what followed on the command line. */
export interface UsedCommand {
  readonly client: string;
  readonly args: readonly string[];
}

const commands: UsedCommand[] = [];
const requests: string[] = [];

/** Remembers that a client was run. */
export function usedCommand(client: string, args: readonly string[]): void {
  commands.push({ client, args });
}

/** Remembers a request that no client of the command line made. */
export function usedRequest(method: string, path: string): void {
  requests.push(`${method} ${path.replace(/^\/v\d+\.\d+(?=\/)/, '').replace(/\?.*/s, '')}`);
}

/** What is asked from now on: a function that gives it. */
export function usageFromNow(): () => { commands: UsedCommand[]; requests: string[] } {
  const [atCommand, atRequest] = [commands.length, requests.length];
  return () => ({ commands: commands.slice(atCommand), requests: requests.slice(atRequest) });
}
