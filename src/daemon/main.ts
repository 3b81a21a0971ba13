import { BERTH_VERSION, BerthError, InvalidArgument, messageOf } from '../api/index.ts';
import { CONFIG_DEFAULTS, configureLog, log, ownBuild } from '../engine/index.ts';
import { Daemon } from './daemon.ts';
import { parseFlags, resolveSettings, type Settings, usage, withConfigFile } from './options/index.ts';

/** So many requests to end make the engine end at once, as with dockerd. */
const IMPATIENT = 3;

await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<void> {
  try {
    const flags = parseFlags(args);
    if (flags.help) print(usage());
    else if (flags.version) print(`Berth version ${BERTH_VERSION}, build ${ownBuild().commit || 'unknown'}`);
    else if (flags.validate) {
      resolveSettings(withConfigFile(flags));
      print('configuration OK');
    } else await run(flags);
  } catch (error) {
    process.stderr.write(`berthd: ${explain(error)}\n`);
    process.exit(1);
  }
}

/** What the user reads: of a mistake or a system's refusal the message, of a defect where it is. */
function explain(error: unknown): string {
  if (error instanceof InvalidArgument && /\bflag|argument/.test(error.message)) {
    return `${error.message}\nSee 'berthd --help'.`;
  }
  const expected = error instanceof BerthError || (error instanceof Error && 'code' in error);
  return error instanceof Error && !expected && error.stack ? error.stack : messageOf(error);
}

async function run(flags: Settings): Promise<void> {
  const config = resolveSettings(withConfigFile(flags));
  const { logLevel, logFormat } = { ...CONFIG_DEFAULTS, ...config.engine };
  configureLog({ level: logLevel, format: logFormat });
  setProxies(flags);

  const daemon = await Daemon.start(config);
  surviveDefects();
  reloadOnHangup(daemon, flags);
  stopOnSignal(daemon);
}

/**
 * A defect in one request or callback does not end the engine: records are in the database, written in transactions, and
 * containers have processes of their own, so what is left is sound; ending would cut every stream for one mistake.
 */
function surviveDefects(): void {
  const report = (kind: string) => (error: unknown) => {
    log.error(`${kind}: ${messageOf(error)}`, { stack: error instanceof Error ? error.stack : undefined });
  };
  process.on('uncaughtException', report('uncaught exception'));
  process.on('unhandledRejection', report('unhandled rejection'));
  // Node would open a debugger's port.
  process.on('SIGUSR1', () => log.info('active resources', { resources: process.getActiveResourcesInfo() }));
}

function reloadOnHangup(daemon: Daemon, flags: Settings): void {
  process.on('SIGHUP', () => {
    try {
      daemon.reload(resolveSettings(withConfigFile(flags)));
    } catch (error) {
      log.error(`could not reload the configuration: ${messageOf(error)}`);
    }
  });
}

function stopOnSignal(daemon: Daemon): void {
  let asked = 0;
  const stop = async (signal: NodeJS.Signals) => {
    asked++;
    if (asked >= IMPATIENT) process.exit(1);
    if (asked > 1) return;
    log.info(`Processing signal '${signal}'`);
    try {
      await daemon.stop();
      log.info('Daemon shutdown complete');
      process.exit(0);
    } catch (error) {
      log.error(`shutdown failed: ${messageOf(error)}`);
      process.exit(1);
    }
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

/** Where the registry client and helper programs look for proxies. */
function setProxies({ httpProxy, httpsProxy, noProxy }: Settings): void {
  const proxies = { HTTP_PROXY: httpProxy, HTTPS_PROXY: httpsProxy, NO_PROXY: noProxy };
  for (const [name, value] of Object.entries(proxies)) {
    if (value !== undefined) process.env[name] = value;
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
