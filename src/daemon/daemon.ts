import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { BERTH_VERSION, messageOf } from '../api/index.ts';
import {
  CONFIG_DEFAULTS,
  configureLog,
  Engine,
  lockFolder,
  log,
  notifyManager,
  resolveConfig,
} from '../engine/index.ts';
import { resolveGroup } from './listen/group.ts';
import { isLoopback } from './listen/host.ts';
import { type Listener, listen } from './listen/listener.ts';
import { tlsOptions } from './listen/tls.ts';
import { type DaemonConfig, RELOADABLE } from './options/index.ts';
import { writePidfile } from './pidfile.ts';
import { registerRoutes } from './routes/index.ts';
import { Router } from './server/router.ts';
import { ApiServer } from './server/server.ts';

/** How often to look whether the last requests have been answered, in milliseconds. */
const ANSWER_POLL = 10;

/** A running engine with its sockets. */
export class Daemon implements AsyncDisposable {
  readonly #engine: Engine;
  readonly #api: ApiServer;
  readonly #listeners: readonly Listener[];
  readonly #resources: AsyncDisposableStack;
  #stopping: Promise<void> | undefined;

  private constructor(
    engine: Engine,
    api: ApiServer,
    listeners: Listener[],
    resources: AsyncDisposableStack,
  ) {
    this.#engine = engine;
    this.#api = api;
    this.#listeners = listeners;
    this.#resources = resources;
  }

  /** Locks the folders, opens the engine and then the sockets, and tells the service manager. Undoes it all if it fails. */
  static async start(config: DaemonConfig): Promise<Daemon> {
    await using undo = new AsyncDisposableStack();
    // Both are looked at first since they are what users get wrong.
    const gid = resolveGroup(config.group);
    const tls = config.tls && tlsOptions(config.tls);

    const engineConfig = resolveConfig(config.engine, (dataRoot, execRoot) => {
      undo.use(lockFolder(dataRoot, 'data-root'));
      undo.use(lockFolder(execRoot, 'exec-root'));
    });
    undo.use(writePidfile(config.pidfile));
    const engine = await Engine.open(engineConfig);
    undo.defer(() => engine.close());

    const router = new Router();
    registerRoutes(router, engine);
    const api = new ApiServer(router);
    const listeners: Listener[] = [];
    for (const address of config.hosts) {
      if (address.kind === 'tcp' && !config.tls?.verify && !isLoopback(address.host)) {
        log.warn(
          'API is accessible without client certificates: whoever reaches it is root on this machine',
          {
            host: `tcp://${address.host}:${address.port}`,
          },
        );
      }
      for (const listener of await listen(address, { api, gid, tls })) {
        undo.defer(() => listener.stop());
        listeners.push(listener);
        log.info(`API listen on ${listener.url}`);
      }
    }

    log.info('Daemon has completed initialization', { version: BERTH_VERSION, pid: process.pid });
    notify(['READY=1', `STATUS=Listening on ${listeners.map(({ url }) => url).join(' ')}`]);
    return new Daemon(engine, api, listeners, undo.move());
  }

  /** What is listened on, with the ports that were taken. */
  get urls(): readonly string[] {
    return this.#listeners.map(({ url }) => url);
  }

  /** Takes over what may change while the engine runs (`RELOADABLE`), and renewed certificates. Throws before changing anything. */
  reload(config: DaemonConfig): void {
    const now = process.hrtime.bigint() / 1000n;
    notify(['RELOADING=1', `MONOTONIC_USEC=${now}`]);
    try {
      const tls = config.tls && tlsOptions(config.tls);
      const fresh = { ...CONFIG_DEFAULTS, ...config.engine };
      const changed = Object.fromEntries(RELOADABLE.map((name) => [name, fresh[name]]));
      Object.assign(this.#engine.config, changed);
      configureLog({ level: fresh.logLevel });
      if (tls) for (const listener of this.#listeners) listener.renewCertificates(tls);
      const attributes = Object.entries(changed).map(([name, value]) => [
        kebab(name),
        typeof value === 'object' ? JSON.stringify(value) : String(value),
      ]);
      this.#engine.events.publish('daemon', 'reload', this.#engine.config.identity.id, {
        ...Object.fromEntries(attributes),
        name: hostname(),
      });
      log.info('Reloaded configuration', changed);
    } finally {
      notify(['READY=1']);
    }
  }

  /**
   * Stops to listen, gives requests that have not been answered `shutdownTimeout` seconds, ends streams and closes the
   * engine. Containers run on.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    notify(['STOPPING=1']);
    for (const listener of this.#listeners) listener.stop();
    const deadline = Date.now() + this.#engine.config.shutdownTimeout * 1000;
    while (this.#api.unanswered > 0 && Date.now() < deadline) await sleep(ANSWER_POLL);
    this.#engine.events.close();
    for (const listener of this.#listeners) listener.cut();
    await this.#resources.disposeAsync();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

function notify(lines: readonly string[]): void {
  try {
    notifyManager(lines);
  } catch (error) {
    log.warn(`could not tell the service manager: ${messageOf(error)}`);
  }
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
