import { BerthError, InvalidArgument, messageOf, NotFound } from '../../api/index.ts';
import { parseConfig, type RegistryConfig, readSettings } from './config/schema.ts';
import { askRegistry } from './control/client.ts';
import { parseGcRequest } from './control/gc-request.ts';
import { claimFolder } from './control/server.ts';
import type { RegistryStatus } from './control/status.ts';
import { Collector, type PastCollection } from './gc/collector.ts';
import { logToStderr } from './log.ts';
import { openContent } from './open.ts';
import { RegistryServer } from './server.ts';

/** So many requests to end make the registry end at once. */
const IMPATIENT = 3;

/** What the client hands over, as JSON. */
interface Request {
  /** A configuration file, which `settings` goes before. */
  readonly file?: string;
  readonly settings: Record<string, unknown>;
  /** Of `gc`. */
  readonly grace?: string;
  readonly untagged?: boolean;
}

const VERBS: Record<string, (config: RegistryConfig, request: Request) => Promise<void>> = {
  serve,
  gc,
  status,
};

await main(process.argv.slice(2));

/** `serve|gc|status REQUEST`, as `berth registry` hands it over. */
async function main([verb = '', json = '{"settings":{}}']: readonly string[]): Promise<void> {
  try {
    const run = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined;
    if (run === undefined) throw new InvalidArgument(`there is no "${verb}" to do`);
    const request = JSON.parse(json) as Request;
    const { file, settings } = request;
    const config = parseConfig({ ...(file === undefined ? {} : readSettings(file)), ...settings }, file);
    await run(config, request);
  } catch (error) {
    process.stderr.write(`berth registry ${verb}: ${explain(error)}\n`);
    process.exit(1);
  }
}

async function serve(config: RegistryConfig): Promise<void> {
  const server = await RegistryServer.start(config, logToStderr);
  let asked = 0;
  const stop = async (signal: NodeJS.Signals) => {
    asked++;
    if (asked >= IMPATIENT) process.exit(1);
    if (asked > 1) return;
    logToStderr('info', `processing signal ${signal}`);
    await server.stop();
    process.exit(0);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

/** Lets the registry that uses the folder collect, or does it in its place when there is none. */
async function gc(config: RegistryConfig, { grace, untagged }: Request): Promise<void> {
  const query = new URLSearchParams({
    ...(grace === undefined ? {} : { grace }),
    ...(untagged ? { untagged: 'true' } : {}),
  });
  const done =
    (await askRegistry<PastCollection>(config.root, 'POST', `/gc?${query}`)) ??
    (await collectAlone(config, query));
  print(`Removed manifests: ${done.manifests}`);
  print(`Removed blobs:     ${done.blobs}`);
  print(`Expired uploads:   ${done.uploads}`);
  print(`Reclaimed space:   ${done.bytes} bytes`);
}

/** Keeps the folder meanwhile, so that no registry starts on it. */
async function collectAlone(config: RegistryConfig, query: URLSearchParams): Promise<PastCollection> {
  await using _ = await claimFolder(config.root);
  await using opened = await openContent(config);
  const collector = new Collector(opened.content, config.gc, () => {});
  return await collector.run(parseGcRequest(query), { alone: true });
}

async function status({ root }: RegistryConfig): Promise<void> {
  const found = await askRegistry<RegistryStatus>(root, 'GET', '/status');
  if (found === undefined) {
    throw new NotFound(`no registry runs on ${root}: start one with 'berth registry serve --root ${root}'`);
  }
  const { lastCollection: last } = found;
  print(`Version:         ${found.version}`);
  print(`Address:         ${found.urls.join(' ')}`);
  print(`Process:         ${found.pid}, since ${new Date(found.startedAt).toISOString()}`);
  print(`Storage:         ${found.storage}`);
  print(`Repositories:    ${found.repositories}`);
  print(`Uploads:         ${found.uploads}`);
  print(`Requests:        ${found.requests}`);
  print(
    `Last collection: ${last ? `${new Date(last.at).toISOString()}, ${last.bytes} bytes freed` : 'none'}`,
  );
}

/** Of a mistake or a refusal the message, of a defect where it is. */
function explain(error: unknown): string {
  const expected = error instanceof BerthError || (error instanceof Error && 'code' in error);
  return error instanceof Error && !expected && error.stack ? error.stack : messageOf(error);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
