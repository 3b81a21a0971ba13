import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  addAddress,
  boundSocket,
  changeLink,
  createNetns,
  createVeth,
  deleteNetns,
  getLink,
  inNetns,
  Netlink,
} from '../../src/linux/index.ts';
import { run, succeed, type TestEngine } from '../harness/index.ts';

/** Tells each caller its address, as the container sees it. */
const WHO =
  "mkdir -p /www/cgi-bin; printf '#!/bin/sh\\necho; echo $REMOTE_ADDR\\n' >/www/cgi-bin/who; chmod 755 /www/cgi-bin/who";

/** Starts a container with a web server on port 80 that tells callers their addresses, and waits until it listens. */
export async function serve(engine: TestEngine, name: string, ...options: string[]): Promise<void> {
  const script = `${WHO}; httpd -p 80 -h /www; exec sleep 1000`;
  await succeed(engine.docker('run', '-d', '--name', name, ...options, 'busybox', 'sh', '-c', script));
  const ready =
    'for i in $(seq 100); do wget -qO- http://127.0.0.1/cgi-bin/who && exit; sleep 0.05; done; exit 1';
  await succeed(engine.docker('exec', name, 'sh', '-c', ready));
}

/** The caller's address as the server of `serve` sees it, without what marks IPv4; undefined when it is not reached. */
export async function answerOf(
  address: string,
  port: string,
  prefix: readonly string[] = [],
): Promise<string | undefined> {
  const host = address.includes(':') ? `[${address}]` : address;
  const call = [...prefix, 'curl', '-sS', '-m', '3', '--noproxy', '*', `http://${host}:${port}/cgi-bin/who`];
  const { code, stdout } = await run(call[0]!, call.slice(1));
  return code === 0
    ? stdout
        .trim()
        .replace(/^\[?(::ffff:)?/, '')
        .replace(/\]$/, '')
    : undefined;
}

/** Answers datagrams with themselves on a port inside a network namespace. */
export async function echoInside(netns: string, port: number): Promise<AsyncDisposable> {
  const socket = createSocket('udp4');
  socket.on('message', (message, from) => socket.send(message, from.port, from.address));
  socket.bind({ fd: inNetns(netns, () => boundSocket('udp', '0.0.0.0', port)).fd });
  return { [Symbol.asyncDispose]: async () => void socket.close() };
}

/** What comes back for a datagram `hello`; undefined when nothing does within a second. */
export async function echoed(address: string, port: number): Promise<string | undefined> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  try {
    const answer = once(socket, 'message', { signal: AbortSignal.timeout(1000) });
    socket.send('hello', port, address);
    return String((await answer)[0]);
  } catch {
    return undefined;
  } finally {
    socket.close();
  }
}

/** Another host: a network namespace at the other end of a cable, that sends by way of this one what it has no route for. */
export class OtherHost implements AsyncDisposable {
  static readonly hostAddress = '198.51.100.1';
  static readonly address = '198.51.100.2';
  static readonly hostAddress6 = 'fd99:51::1';
  static readonly address6 = 'fd99:51::2';
  readonly #folder = mkdtempSync(join(tmpdir(), 'berth-other-'));
  readonly #path = join(this.#folder, 'netns');
  /** The host's end of the cable. */
  readonly cable = `cable${randomBytes(4).toString('hex')}`;

  constructor() {
    using host = new Netlink();
    createNetns(this.#path, (home) => {
      using there = new Netlink();
      there.send(
        createVeth({ name: 'cable', up: true }, { name: this.cable, netns: home }),
        changeLink(1, { up: true }),
      );
      const { index } = getLink(there, 'cable');
      there.send(addAddress(index, OtherHost.address, 24), addAddress(index, OtherHost.address6, 64));
    });
    host.send(changeLink(this.cable, { up: true }));
    const { index } = getLink(host, this.cable);
    host.send(addAddress(index, OtherHost.hostAddress, 24), addAddress(index, OtherHost.hostAddress6, 64));
  }

  /** As `answerOf`, called from there; `gateway` is by which address of this host, where there is no route. */
  async answerOf(address: string, port: string, gateway?: string): Promise<string | undefined> {
    const enter = ['nsenter', `--net=${this.#path}`];
    if (gateway === undefined) {
      await run('nsenter', [
        ...enter.slice(1),
        'ip',
        'route',
        'replace',
        'default',
        'via',
        OtherHost.hostAddress,
      ]);
      return answerOf(address, port, enter);
    }
    // A loopback address goes over the cable only when it is forced to.
    const force = `sysctl -qw net.ipv4.conf.all.route_localnet=1; ip route del local 127.0.0.0/8 table local; ip route add ${address}/32 via ${gateway} src ${OtherHost.address}`;
    await run('nsenter', [...enter.slice(1), 'sh', '-c', force]);
    return answerOf(address, port, enter);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    deleteNetns(this.#path);
    rmSync(this.#folder, { recursive: true });
  }
}
