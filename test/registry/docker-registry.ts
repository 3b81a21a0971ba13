import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface RegistryOptions {
  /** `user:password` that everybody must give. */
  readonly login?: `${string}:${string}`;
  /** Serves TLS with a certificate of an authority of its own. */
  readonly tls?: boolean;
  /** Lines of YAML for its `auth` section, in place of `login`. */
  readonly auth?: string;
}

/** A registry on this machine. */
export interface TestRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  readonly url: string;
  /** Where it keeps its files. */
  readonly root: string;
  /** PEM of the authority of its certificate, with `tls`. */
  readonly authority: string;
}

/** Starts Debian's `docker-registry` with an empty storage. */
export async function startDockerRegistry(options: RegistryOptions = {}): Promise<TestRegistry> {
  const root = mkdtempSync(join(tmpdir(), 'berth-registry-'));
  const host = `127.0.0.1:${await freePort()}`;
  const storage = join(root, 'storage');
  mkdirSync(storage);
  const config = [
    'version: 0.1',
    'log: {level: warn}',
    `storage: {filesystem: {rootdirectory: ${storage}}, delete: {enabled: true}}`,
    `http: {addr: "${host}", relativeurls: true${options.tls ? tlsSection(root) : ''}}`,
    ...authSection(root, options),
  ];
  writeFileSync(join(root, 'config.yml'), `${config.join('\n')}\n`);
  const log = openSync(join(root, 'log'), 'a');
  const child = spawn(
    'setpriv',
    ['--pdeathsig', 'KILL', 'docker-registry', 'serve', join(root, 'config.yml')],
    {
      stdio: ['ignore', log, log],
    },
  );
  const url = `${options.tls ? 'https' : 'http'}://${host}`;
  await answers(child, host, () => readFileSync(join(root, 'log'), 'utf8'));
  return {
    ...{ host, url, root: storage },
    authority: options.tls ? readFileSync(join(root, 'ca.crt'), 'utf8') : '',
    async [Symbol.asyncDispose]() {
      const ended = new Promise((resolve) => child.once('close', resolve));
      child.kill('SIGKILL');
      await ended;
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** A port that nothing listens on. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

async function answers(child: ChildProcess, host: string, log: () => string): Promise<void> {
  const { connect } = await import('node:net');
  const [hostname, port] = host.split(':');
  for (let attempt = 0; attempt < 400; attempt++) {
    if (child.exitCode !== null) break;
    const there = await new Promise<boolean>((resolve) => {
      const socket = connect(Number(port), hostname!)
        .once('connect', () => resolve(true))
        .once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (there) return;
    await sleep(25);
  }
  child.kill('SIGKILL');
  throw new Error(`docker-registry does not answer:\n${log()}`);
}

function authSection(root: string, { login, auth }: RegistryOptions): string[] {
  if (auth !== undefined) return ['auth:', ...auth.split('\n').map((line) => `  ${line}`)];
  if (login === undefined) return [];
  const [user = '', ...password] = login.split(':');
  const line = succeedSync('htpasswd', ['-Bbn', user, password.join(':')]);
  writeFileSync(join(root, 'htpasswd'), line);
  return [`auth: {htpasswd: {realm: test, path: ${join(root, 'htpasswd')}}}`];
}

function tlsSection(root: string): string {
  const { cert, key } = makeCertificate(root);
  return `, tls: {certificate: ${cert}, key: ${key}}`;
}

/** An authority and a certificate of it for 127.0.0.1, as files below `root`. */
export function makeCertificate(root: string): { ca: string; cert: string; key: string } {
  const at = (name: string) => join(root, name);
  const openssl = (...args: string[]) => succeedSync('openssl', args);
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    at('ca.key'),
    '-out',
    at('ca.crt'),
    '-days',
    '2',
    '-subj',
    '/CN=test authority',
  );
  openssl('req', ...newKey, '-keyout', at('key.pem'), '-out', at('request.pem'), '-subj', '/CN=registry');
  writeFileSync(at('names'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
  openssl(
    ...[
      'x509',
      '-req',
      '-in',
      at('request.pem'),
      '-CA',
      at('ca.crt'),
      '-CAkey',
      at('ca.key'),
      '-CAcreateserial',
    ],
    ...['-out', at('cert.pem'), '-days', '2', '-extfile', at('names')],
  );
  return { ca: at('ca.crt'), cert: at('cert.pem'), key: at('key.pem') };
}

function succeedSync(program: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${error?.message ?? stderr}`);
  return stdout;
}
