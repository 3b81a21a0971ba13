import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { needs } from '../harness/index.ts';
import { FakeEngine } from './fake-engine.ts';
import { berth, docker } from './side-by-side.ts';

const dir = mkdtempSync(join(tmpdir(), 'berth-create-'));
after(() => rmSync(dir, { recursive: true }));
writeFileSync(join(dir, 'seccomp.json'), '{ "a": 1,\n "b": [] }');
writeFileSync(join(dir, 'env'), 'A=1\n# comment\n\nHOME\nB=x y\nNOT_SET_ANYWHERE\n');
writeFileSync(join(dir, 'labels'), 'l1=2\nl2\n');

const CASES: readonly string[][] = [
  [],
  ['-it'],
  [
    '-p',
    '80',
    '-p',
    '127.0.0.1:8080-8081:80-81/udp',
    '-P',
    '--expose',
    '7000-7002',
    '-p',
    '[::1]:90:91',
    '-p',
    '100-110:99',
  ],
  ['-p', 'target=80,published=90,protocol=udp,zz=1'],
  [
    '--network',
    'foo',
    '--ip',
    '1.2.3.4',
    '--network-alias',
    'a',
    '--link',
    'x:y',
    '--mac-address',
    '92:d0:c6:0a:29:33',
  ],
  [
    '--network',
    'name=foo,alias=q,ip=1.2.3.5,driver-opt=a=b,gw-priority=5,mac-address=92:d0:c6:0a:29:33',
    '--network',
    'bar',
  ],
  ['--net', 'none'],
  ['--network', 'host', '-p', '80:80'],
  ['--network', 'container:x'],
  ['--link-local-ip', '1.2.3.4', '--ip6', '::1'],
  [
    '--mount',
    'type=volume,src=v,dst=/v,ro,volume-nocopy,volume-label=a=b,volume-driver=local,volume-opt=x=y,volume-subpath=s',
  ],
  [
    '--mount',
    'type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=1777',
    '--mount',
    'type=image,src=i,dst=/i',
    '--mount',
    'dst=/x',
  ],
  ['--mount', 'type=bind,src=./a,dst=/b,bind-propagation=rslave,bind-nonrecursive'],
  ['--mount', 'type=bind,src=/a,dst=/b,bind-recursive=writable,ro'],
  [
    '--mount',
    'type=bind,src=/a,dst=/b,bind-recursive=disabled',
    '--mount',
    'type=bind,"src=/a,b",dst=/c,readonly=false',
  ],
  [
    '-v',
    '/a',
    '-v',
    './r:/b:ro',
    '-v',
    'vol:/c',
    '-v',
    '~/q:/d',
    '--tmpfs',
    '/t',
    '--tmpfs',
    '/u:size=1m',
    '--volumes-from',
    'x',
  ],
  ['--gpus', 'all', '--gpus', '"device=1,2",capabilities=utility', '--gpus', '2', '--gpus', 'driver=nvidia'],
  [
    '--device',
    '/dev/null',
    '--device',
    '/dev/zero:/dev/z:r',
    '--device',
    '/dev/zero:rw',
    '--device',
    'vendor.com/class=a',
  ],
  ['--device-cgroup-rule', 'c 1:3 mr', '--group-add', '5', '--cap-add', 'net_admin', '--cap-drop', 'ALL'],
  [
    '-m',
    '64m',
    '--memory-swap',
    '-1',
    '--memory-reservation',
    '1g',
    '--cpus',
    '1.5',
    '--cpu-shares',
    '2',
    '--pids-limit',
    '5',
  ],
  [
    '--ulimit',
    'nofile=5:6',
    '--ulimit',
    'core=-1',
    '--shm-size',
    '1m',
    '--oom-kill-disable',
    '--oom-score-adj',
    '5',
  ],
  ['--blkio-weight', '10', '--blkio-weight-device', '/dev/sda:10', '--device-read-bps', '/dev/sda:1mb'],
  ['--device-write-iops', '/dev/sda:10', '--memory-swappiness', '5', '--kernel-memory', '4m'],
  [
    '--cpu-period',
    '1000',
    '--cpu-quota',
    '5000',
    '--cpu-rt-period',
    '1',
    '--cpu-rt-runtime',
    '2',
    '--cpuset-cpus',
    '0',
    '--cpuset-mems',
    '0',
  ],
  [
    '--health-cmd',
    'a b',
    '--health-interval',
    '5s',
    '--health-retries',
    '3',
    '--health-start-period',
    '1m',
    '--health-timeout',
    '1.5s',
  ],
  ['--no-healthcheck', '--restart', 'on-failure:3', '--stop-signal', 'TERM', '--stop-timeout', '5'],
  [
    '--log-driver',
    'json-file',
    '--log-opt',
    'a=b',
    '--storage-opt',
    'size=1',
    '--sysctl',
    'net.x=1',
    '--annotation',
    'a=b',
  ],
  [
    '--security-opt',
    `seccomp=${join(dir, 'seccomp.json')}`,
    '--security-opt',
    'no-new-privileges',
    '--security-opt',
    'label:disable',
  ],
  ['--security-opt', 'systempaths=unconfined', '--security-opt', 'seccomp=unconfined'],
  ['--entrypoint', '', '--env-file', join(dir, 'env'), '-e', 'HOME', '-e', 'Z=1', '-e', 'NOT_SET_ANYWHERE'],
  ['--label-file', join(dir, 'labels'), '-l', 'q', '-l', 'a=b=c', '--entrypoint', 'a b'],
  [
    '--add-host',
    'a:1.2.3.4',
    '--add-host',
    'b=host-gateway',
    '--add-host',
    'c:[::1]',
    '--dns',
    '1.1.1.1',
    '--dns-search',
    '.',
    '--dns-option',
    'x',
  ],
  [
    '--init',
    '--privileged',
    '--read-only',
    '--userns',
    'host',
    '--pid',
    'host',
    '--ipc',
    'host',
    '--uts',
    'host',
    '--cgroupns',
    'private',
  ],
  [
    '--runtime',
    'r',
    '--isolation',
    'x',
    '--volume-driver',
    'vd',
    '--user',
    'u',
    '-w',
    '/w',
    '-h',
    'hh',
    '--domainname',
    'd',
    '--cgroup-parent',
    'cp',
  ],
  ['--attach', 'stdin', '-a', 'stderr'],
  ['-a', 'STDOUT', '-i', '--rm', '--name', 'nn', '--platform', 'linux/amd64'],
  ['--init=false', '--restart', 'always', '--pid', 'container:x'],
];

/** Fields of an endpoint that only an engine fills in; the official client sends them empty. */
const ANSWERS = [
  'NetworkID',
  'EndpointID',
  'Gateway',
  'IPAddress',
  'IPPrefixLen',
  'IPv6Gateway',
  'GlobalIPv6Address',
  'GlobalIPv6PrefixLen',
  'DNSNames',
];

suite('the create request is the one that the official client sends', needs('docker'), () => {
  for (const flags of CASES) {
    test(`create ${flags.join(' ')}`.trim().replaceAll(dir, '.'), async () => {
      await using engine = await FakeEngine.start({
        'POST /containers/create': { status: 201, json: { Id: 'abc', Warnings: [] } },
      });
      const host = `unix://${engine.socket}`;
      const args = ['create', ...flags, 'image', 'command', '-x'];
      const theirs = await docker(host, args);
      assert.equal(theirs.code, 0, theirs.stderr);
      const ours = await berth(host, args);
      assert.equal(ours.stderr, '');
      const [expected, actual] = engine.requests.map((request) => ({
        ...request,
        body: stripped(request.body),
      }));
      assert.deepEqual(actual, expected);
    });
  }
});

function stripped(body: unknown): unknown {
  const {
    NetworkingConfig: networking,
    HostConfig: host,
    Env: env,
  } = body as {
    NetworkingConfig: { EndpointsConfig: Record<string, Record<string, unknown>> };
    HostConfig: { Binds: string[] | null };
    Env: string[] | null;
  };
  // The official client keeps these in maps, whose order is by chance.
  env?.sort();
  host.Binds?.sort();
  for (const endpoint of Object.values(networking.EndpointsConfig)) {
    for (const name of ANSWERS) delete endpoint[name];
  }
  return body;
}
