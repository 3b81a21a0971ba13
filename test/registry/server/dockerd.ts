import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../../harness/index.ts';

export interface PlainDocker extends AsyncDisposable {
  /** Leads the official client to it. */
  readonly environment: NodeJS.ProcessEnv;
}

/** Docker's engine in the machine's own network, so that it reaches registries here, and with none for its containers. */
export async function plainDocker(): Promise<PlainDocker> {
  const root = mkdtempSync(join(tmpdir(), 'berth-dockerd-'));
  mkdirSync(join(root, 'run'));
  writeFileSync(join(root, 'daemon.json'), '{}');
  const socket = join(root, 'docker.sock');
  const log = openSync(join(root, 'log'), 'a');
  const at = [
    '--data-root',
    join(root, 'data'),
    '--exec-root',
    join(root, 'run'),
    '--pidfile',
    join(root, 'pid'),
  ];
  const alone = ['--bridge', 'none', '--iptables=false', '--ip-forward=false', '--ip-masq=false'];
  const child = spawn(
    'unshare',
    [
      '--mount',
      'dockerd',
      ...at,
      ...alone,
      '--host',
      `unix://${socket}`,
      '--config-file',
      join(root, 'daemon.json'),
    ],
    { stdio: ['ignore', log, log] },
  );
  closeSync(log);
  const exited = new Promise((done) => child.once('exit', done));
  const environment = {
    ...process.env,
    DOCKER_HOST: `unix://${socket}`,
    DOCKER_CONFIG: join(root, 'client'),
  };
  const dispose = async () => {
    child.kill('SIGTERM');
    await exited;
    rmSync(root, { recursive: true, force: true });
  };
  for (const end = Date.now() + 60_000; ; await sleep(50)) {
    if ((await run('docker', ['version'], { env: environment })).code === 0) break;
    if (child.exitCode !== null || Date.now() > end) {
      const text = readFileSync(join(root, 'log'), 'utf8').split('\n').slice(-15).join('\n');
      await dispose();
      throw new Error(`dockerd does not start:\n${text}`);
    }
  }
  return { environment, [Symbol.asyncDispose]: dispose };
}
