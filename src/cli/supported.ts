import { compareApiVersions, formatApiVersion, parseApiVersion } from '../api/index.ts';
import type { Cli } from './cli.ts';
import { CliError } from './errors.ts';
import type { Flags } from './flags.ts';

/** Throws CliError when the engine is too old for one of the flags, or runs on the wrong system. */
export async function requireSupport(names: readonly string[], flags: Flags, cli: Cli): Promise<void> {
  const client = await cli.client();
  const version = await client.version();
  const problems: string[] = [];
  for (const name of names) {
    const { since, os } = flags[name]!;
    if (since && compareApiVersions(version, parseApiVersion(since)) < 0) {
      problems.push(
        `"--${name}" requires API version ${since}, but the Docker daemon API version is ${formatApiVersion(version)}`,
      );
    }
    if (os) {
      const { osType } = await client.ping();
      if (osType !== os) {
        problems.push(
          `"--${name}" is only supported on a Docker daemon running on ${os}, but the Docker daemon is running on ${osType}`,
        );
      }
    }
  }
  if (problems.length > 0) throw new CliError(problems.join('\n'));
}
