import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import type { Engine } from './engines.ts';
import { median, succeed, time } from './measure.ts';

/** Nearly as many as one bridge has ports for: the kernel's limit is 1023. */
const COUNT = 1000;
const IN_FLIGHT = 8;

/**
 * A thousand containers that sleep, on Berth alone: Docker's engine would take many minutes. Tells what they cost beyond
 * what runs in them.
 */
export async function thousandContainers(engine: Engine): Promise<string> {
  const agent = new Agent({ keepAlive: true });
  using _end = { [Symbol.dispose]: () => agent.destroy() };
  const call = (method: string, path: string, body?: object) => send(engine, agent, method, path, body);
  const ids: string[] = [];
  const engineBefore = engine.residentMemory();
  const freeBefore = availableMemory();
  const startMs = await time(() =>
    inFlight(async () => {
      const wish = { Image: 'busybox', Cmd: ['sleep', '100000'] };
      const { Id } = (await call('POST', '/containers/create', wish)) as { Id: string };
      ids.push(Id);
      await call('POST', `/containers/${Id}/start`);
    }),
  );
  const { State } = (await call('GET', `/containers/${ids[0]}/json`)) as { State: { Pid: number } };
  const workload = ownMemory(State.Pid);
  const conmon = ownMemory(parentOf(State.Pid));
  const total = (freeBefore - availableMemory()) / COUNT;
  const engineAfter = engine.residentMemory();
  const list = median(await repeat(() => call('GET', '/containers/json')));
  const ps = median(await repeat(() => succeed('docker', ['ps', '--quiet'], engine.environment)));
  const removeMs = await time(() => inFlight((n) => call('DELETE', `/containers/${ids[n]}?force=1`)));
  return [
    `${COUNT} containers on one engine, ${IN_FLIGHT} in flight:`,
    `  started      ${perSecond(startMs)} a second; removed by force ${perSecond(removeMs)} a second`,
    `  memory       ${(total - workload).toFixed(2)} MB each beyond the workload's ${workload.toFixed(2)}; goal 1 MB`,
    `               of that conmon ${conmon.toFixed(2)} MB, engine ${((engineAfter - engineBefore) / COUNT).toFixed(2)} MB`,
    `  engine       ${engineAfter.toFixed(0)} MB resident; ${engineBefore.toFixed(0)} MB without containers`,
    `  ps           ${list.toFixed(0)} ms in the engine, ${ps.toFixed(0)} ms with the official client`,
  ].join('\n');
}

/** Does the work for 0 to COUNT - 1, as many at once as there may be. */
async function inFlight(work: (n: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const line = async () => {
    while (next < COUNT) await work(next++);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, line));
}

async function repeat(work: () => Promise<unknown>): Promise<number[]> {
  const taken: number[] = [];
  for (let round = 0; round < 5; round++) taken.push(await time(work));
  return taken;
}

function perSecond(milliseconds: number): string {
  return ((1000 * COUNT) / milliseconds).toFixed(0);
}

function send(engine: Engine, agent: Agent, method: string, path: string, body?: object): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'Content-Type': 'application/json' };
    const sent = request({ socketPath: engine.socket, agent, method, path, headers }, async (response) => {
      const chunks = await Array.fromAsync(response as AsyncIterable<Buffer>);
      const text = Buffer.concat(chunks).toString();
      if (response.statusCode! < 300) resolve(text === '' ? undefined : JSON.parse(text));
      else reject(new Error(`${method} ${path}: ${response.statusCode} ${text}`));
    });
    sent.on('error', reject);
    sent.end(body === undefined ? '' : JSON.stringify(body));
  });
}

/** What the machine could still give, in MB. */
function availableMemory(): number {
  return Number(/MemAvailable:\s+(\d+)/.exec(readFileSync('/proc/meminfo', 'utf8'))![1]) / 1024;
}

/** What a process has for itself alone, in MB. */
function ownMemory(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const pages = [...text.matchAll(/Private_(?:Clean|Dirty):\s+(\d+)/g)];
  return pages.reduce((sum, [, kilobytes]) => sum + Number(kilobytes), 0) / 1024;
}

function parentOf(pid: number): number {
  return Number(/PPid:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
}
