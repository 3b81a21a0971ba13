import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type Import, importsOf, roomOf, sources } from './sources.ts';

/** Which rooms each room may import: the table of ARCHITECTURE.md. Change both together. */
const ROOMS: Record<string, readonly string[]> = {
  linux: [],
  api: [],
  tar: ['api'],
  layers: ['linux', 'tar', 'api'],
  runtime: ['linux', 'api'],
  network: ['linux', 'api'],
  registry: ['layers', 'api'],
  builder: ['tar', 'layers', 'runtime', 'registry', 'api'],
  engine: ['linux', 'api', 'tar', 'layers', 'runtime', 'network', 'registry', 'builder'],
  daemon: ['engine', 'api'],
  client: ['api'],
  cli: ['client', 'tar', 'api'],
  compose: ['client', 'api'],
  monitor: ['client', 'engine', 'api'],
};

/** Who may load a package. The client starts fast because its rooms load none. */
const PACKAGES: Record<string, readonly string[]> = {
  koffi: ['linux'],
  'dns-packet': ['network'],
  ws: ['daemon'],
  '@aws-sdk/client-s3': ['registry'],
  bcryptjs: ['registry'],
  jose: ['registry'],
  'prom-client': ['registry'],
  yaml: ['runtime', 'compose'],
  valibot: ['api', 'layers', 'runtime', 'network', 'registry', 'builder', 'engine', 'daemon', 'compose'],
};

/** What the contract may use of Node: nothing that touches the world outside the process. */
const PURE = ['node:buffer', 'node:crypto', 'node:path', 'node:stream', 'node:util'];

suite('imports', () => {
  const all = sources('src').map((source) => ({ room: roomOf(source.path) ?? '', ...importsOf(source) }));
  const between = all
    .flatMap(({ room, files }) => files.map((it) => ({ room, to: roomOf(it.target) ?? '', ...it })))
    .filter(({ room, to }) => room !== to);

  test('every room is in the table', () => {
    assert.deepEqual(
      [...new Set(all.map(({ room }) => room))].filter((room) => !(room in ROOMS)),
      [],
    );
  });

  test('no arrow runs against the table', () => {
    assert.deepEqual(between.filter(({ room, to }) => !ROOMS[room]?.includes(to)).map(show), []);
  });

  test('a room is entered by its door', () => {
    assert.deepEqual(between.filter(({ to, target }) => target !== `src/${to}/index.ts`).map(show), []);
  });

  test('packages are loaded only where they may be', () => {
    const wrong = all.flatMap(({ room, modules }) =>
      modules
        .filter((name) => !name.startsWith('node:') && !PACKAGES[name]?.includes(room))
        .map((name) => `${room} loads ${name}`),
    );
    assert.deepEqual(wrong, []);
  });

  test('the contract touches nothing outside the process', () => {
    const used = all.filter(({ room }) => room === 'api').flatMap(({ modules }) => modules);
    assert.deepEqual(
      used.filter((name) => name.startsWith('node:') && !PURE.includes(name)),
      [],
    );
  });
});

function show({ path, target }: Import): string {
  return `${path} imports ${target}`;
}
