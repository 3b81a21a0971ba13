import { spawn } from 'node:child_process';

const OUTPUT_LIMIT = 64 * 1024 * 1024;

/** nft(8) refused a script. The message has what it printed, which points at the line. */
export class NftError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'NftError';
  }
}

/** Carries out a script as one transaction: all of it or nothing. Throws NftError. */
export async function applyNft(script: string): Promise<void> {
  await run(['-f', '-'], script);
}

/**
 * What `nft list` tells of `what`, in the form of libnftables-json(5): `listNft('table', 'inet', 'filter')`,
 * `listNft('chains')`. A table that is missing has no objects. Throws NftError.
 */
export async function listNft(...what: readonly string[]): Promise<Record<string, unknown>[]> {
  try {
    const parsed = JSON.parse(await run(['-j', 'list', ...what], '')) as {
      nftables: Record<string, unknown>[];
    };
    return parsed.nftables.filter((object) => !('metainfo' in object));
  } catch (error) {
    if (error instanceof NftError && error.message.includes('No such file or directory')) return [];
    throw error;
  }
}

function run(args: readonly string[], input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('nft', args, { stdio: ['pipe', 'pipe', 'pipe'] });
    let output = '';
    let errors = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output.length > OUTPUT_LIMIT) child.kill('SIGKILL');
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (errors.length < 4096) errors += text;
    });
    child.on('error', (cause) => {
      const remedy =
        (cause as NodeJS.ErrnoException).code === 'ENOENT' ? ': install the package nftables' : '';
      reject(new NftError(`nft cannot be started${remedy}`, { cause }));
    });
    child.on('close', (code) => {
      if (code === 0) resolve(output);
      else reject(new NftError(`nft: ${errors.trim() || `ended with ${code}`}`));
    });
    // It may end before it has read everything; its exit code tells the rest.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}
