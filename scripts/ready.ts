import { execFileSync } from 'node:child_process';
import { createReadStream, existsSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { basename } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * What scripts/start asks of an engine:
 *
 *     ready.ts ping SOCKET              exit code 0 when it answers
 *     ready.ts wait SOCKET PID          waits until it answers; 1 when process PID ends or 30 s pass first
 *     ready.ts load SOCKET ARCHIVE...   loads the images that it lacks, or has in another version
 */
const [verb, socketPath = '', ...rest] = process.argv.slice(2);

/** One request to the engine; `body` is the path of a file to send. */
function ask(method: string, path: string, body?: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'Content-Type': 'application/x-tar' };
    const sent = request({ socketPath, method, path, headers, timeout: 120_000 }, resolve).on(
      'error',
      reject,
    );
    sent.on('timeout', () => sent.destroy(new Error(`${method} ${path}: no answer for 120 s`)));
    if (body === undefined) sent.end();
    else createReadStream(body).on('error', reject).pipe(sent);
  });
}

async function answers(): Promise<boolean> {
  try {
    const response = await ask('GET', '/_ping');
    response.resume();
    return response.statusCode === 200;
  } catch {
    return false;
  }
}

async function waitUntilItAnswers(pid: string): Promise<boolean> {
  for (const end = Date.now() + 30_000; Date.now() < end; await sleep(20)) {
    if (await answers()) return true;
    if (!existsSync(`/proc/${pid}`)) return false;
  }
  return false;
}

/** The ID of the image in an OCI archive: the digest of its config. */
function imageId(archive: string): string {
  const member = (name: string) =>
    JSON.parse(execFileSync('tar', ['-xOf', archive, name], { encoding: 'utf8' }));
  const blob = (digest: string) => member(`blobs/${digest.replace(':', '/')}`);
  return blob(member('index.json').manifests[0].digest).config.digest;
}

async function loadMissing(archive: string): Promise<void> {
  const name = basename(archive, '.tar');
  const present = JSON.parse(await text(await ask('GET', `/images/${name}/json`))) as { Id?: string };
  if (present.Id === imageId(archive)) return;
  const response = await ask('POST', '/images/load?quiet=1', archive);
  const answer = await text(response);
  if (response.statusCode !== 200 || answer.includes('"errorDetail"')) {
    throw new Error(`${archive} could not be loaded: ${answer.trim()}`);
  }
  console.log(`berth: ${'images'.padEnd(12)} loaded ${name}`);
}

if (verb === 'ping') process.exitCode = (await answers()) ? 0 : 1;
else if (verb === 'wait') process.exitCode = (await waitUntilItAnswers(rest[0] ?? '')) ? 0 : 1;
else if (verb === 'load') for (const archive of rest) await loadMissing(archive);
else throw new Error(`ready.ts: unknown verb ${verb}`);
