import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { EndpointSettings } from '../../src/api/index.ts';
import { Database } from '../../src/engine/database.ts';
import {
  type EndpointWish,
  type EngineConfig,
  EventBus,
  Logger,
  NetworkService,
  resolveConfig,
  type Sandbox,
} from '../../src/engine/index.ts';
import {
  addAddress,
  changeLink,
  check,
  createNetns,
  createVeth,
  deleteNetns,
  getLink,
  inNetns,
  libc,
  Netlink,
} from '../../src/linux/index.ts';

const CLONE_NEWNET = 0x4000_0000;

/**
 * Moves this test process for good into a network namespace of its own, which plays the host: the real host's
 * interfaces, rules and sysctls stay as they are. `/proc/sys/net`, netlink and child processes all follow.
 */
export function becomePrivateHost(): void {
  check(libc.func('int unshare(int flags)')(CLONE_NEWNET), 'unshare');
  using netlink = new Netlink();
  netlink.send(changeLink(1, { up: true }));
}

/** One engine's networks on folders of their own. */
export interface TestNetworks extends AsyncDisposable {
  readonly service: NetworkService;
  readonly config: EngineConfig;
  readonly events: EventBus;
  /** Starts the service again as a new engine would, without ending what the old one made. */
  reopen(): Promise<NetworkService>;
}

export async function openNetworks(parts: Parameters<typeof resolveConfig>[0] = {}): Promise<TestNetworks> {
  const root = mkdtempSync(join(tmpdir(), 'berth-networks-'));
  const config = resolveConfig({ dataRoot: join(root, 'data'), execRoot: join(root, 'run'), ...parts });
  const events = new EventBus();
  const database = new Database(join(config.dataRoot, 'berth.db'));
  const open = () =>
    NetworkService.open({ database, config, events, log: new Logger(), containerName: (id) => `name-${id}` });
  try {
    let service = await open();
    return {
      config,
      events,
      get service() {
        return service;
      },
      async reopen() {
        service.close();
        service = await open();
        return service;
      },
      async [Symbol.asyncDispose]() {
        await service.restore([]);
        await service.uninstall();
        service.close();
        database.close();
        rmSync(root, { recursive: true });
      },
    };
  } catch (error) {
    database.close();
    rmSync(root, { recursive: true });
    throw error;
  }
}

/** A wish to join a network, with the settings that are given. */
export function wish(network: string, settings: Partial<EndpointSettings> = {}): EndpointWish {
  const plain = { IPAMConfig: null, Links: [], Aliases: [], MacAddress: '', DriverOpts: {}, GwPriority: 0 };
  return { network, settings: { ...plain, ...settings } };
}

/** Attaches a container to one network, as a start does. */
export function attach(
  service: NetworkService,
  containerId: string,
  network: string,
  settings: Partial<EndpointSettings> = {},
): Sandbox {
  const sandbox = service.prepare(containerId, [wish(network, settings)]);
  service.connect(containerId);
  return sandbox;
}

/** Another machine: a namespace with `198.51.100.2`, at the other end of a cable from the host's `198.51.100.1`. */
export class World implements AsyncDisposable {
  static readonly hostAddress = '198.51.100.1';
  static readonly address = '198.51.100.2';
  readonly #folder = mkdtempSync(join(tmpdir(), 'berth-world-'));
  readonly path = join(this.#folder, 'world');

  constructor() {
    using host = new Netlink();
    createNetns(this.path, (home) => {
      using world = new Netlink();
      world.send(
        createVeth({ name: 'cable', up: true }, { name: 'uplink0', netns: home }),
        changeLink(1, { up: true }),
      );
      world.send(addAddress(getLink(world, 'cable').index, World.address, 24));
    });
    host.send(changeLink('uplink0', { up: true }));
    host.send(addAddress(getLink(host, 'uplink0').index, World.hostAddress, 24));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    deleteNetns(this.path);
    rmSync(this.#folder, { recursive: true });
  }
}

/** Listens in a namespace and tells each caller its address. */
export function listenIn(netns: string, port: number): Disposable {
  const server = createServer((socket) => socket.on('error', () => {}).end(`${socket.remoteAddress}\n`));
  inNetns(netns, () => server.listen(port));
  return { [Symbol.dispose]: () => void server.close() };
}

/** What a listener says to a caller from inside `netns` (of the host when undefined); undefined when it is not reached. */
export async function callFrom(
  netns: string | undefined,
  address: string,
  port: number,
): Promise<string | undefined> {
  const call = ['busybox', 'nc', '-w', '1', address, String(port)];
  const answer = await run(netns === undefined ? call : ['nsenter', `--net=${netns}`, ...call]);
  return answer.code === 0 && answer.output !== '' ? answer.output.trim().replace(/^::ffff:/, '') : undefined;
}

export function run([file, ...args]: string[]): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(file!, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.on('error', reject).on('close', (code) => resolve({ code, output }));
  });
}

/** Waits until `condition` holds, for at most two seconds. */
export async function eventually(condition: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 100 && !condition(); attempt++) await wait(20);
}
