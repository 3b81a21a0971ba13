import type { Bench } from './bench.ts';
import type { Engine } from './engines.ts';
import { time } from './measure.ts';
import { watchExit } from './process-exit.ts';

const RUNNING = 50;
const STOPPED = 1000;
/** Requests under way at a time while containers are made. */
const AT_ONCE = 10;
/** Ends as soon as it is asked to. */
const OBEDIENT = ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.01; done'];

/** How long the engine itself takes to answer, without a client program in between. */
export async function compareAnswers(bench: Bench): Promise<void> {
  await bench.compare(
    { name: 'stop', what: 'stop answered after the exit of a process that obeys', goal: { value: 20 } },
    stopAfterExit,
  );
  if (bench.wants('stats')) await compareStats(bench);
  if (bench.wants('list')) await compareList(bench);
}

async function stopAfterExit(engine: Engine): Promise<number> {
  const id = await create(engine, { Cmd: OBEDIENT });
  await engine.request('POST', `/containers/${id}/start`);
  const { State } = (await engine.request('GET', `/containers/${id}/json`)) as { State: { Pid: number } };
  const exit = watchExit(State.Pid);
  await exit.watching;
  await engine.request('POST', `/containers/${id}/stop`);
  const answered = performance.timeOrigin + performance.now();
  const ended = await exit.at;
  await engine.request('DELETE', `/containers/${id}`);
  return answered - ended;
}

async function compareStats(bench: Bench): Promise<void> {
  const ids = new Map<Engine, string[]>();
  for (const engine of bench.engines) {
    ids.set(
      engine,
      await many(RUNNING, async () => {
        const id = await create(engine, { Cmd: ['sleep', '1000'] });
        await engine.request('POST', `/containers/${id}/start`);
        return id;
      }),
    );
  }
  let turn = 0;
  await bench.compare(
    { name: 'stats', what: `one-shot stats with ${RUNNING} running containers`, goal: { value: 20 } },
    (engine) => {
      const id = ids.get(engine)![turn++ % RUNNING]!;
      return time(() => engine.request('GET', `/containers/${id}/stats?stream=0&one-shot=1`));
    },
  );
  await removeAll(ids);
}

async function compareList(bench: Bench): Promise<void> {
  const ids = new Map<Engine, string[]>();
  for (const engine of bench.engines) {
    ids.set(engine, await many(STOPPED, () => create(engine, { Cmd: ['true'] })));
  }
  await bench.compare(
    { name: 'list', what: `list of ${STOPPED} containers that do not run`, goal: { value: 60 } },
    (engine) => time(() => engine.request('GET', '/containers/json?all=1')),
  );
  await removeAll(ids);
}

async function removeAll(ids: ReadonlyMap<Engine, readonly string[]>): Promise<void> {
  for (const [engine, all] of ids) {
    const left = [...all];
    await many(all.length, () => engine.request('DELETE', `/containers/${left.pop()}?force=1`));
  }
}

async function create(engine: Engine, config: object): Promise<string> {
  const { Id } = (await engine.request('POST', '/containers/create', {
    Image: 'busybox',
    ...config,
    HostConfig: { NetworkMode: 'none' },
  })) as { Id: string };
  return Id;
}

/** Does something so many times, a few at a time; gives what came of it. */
async function many<T>(count: number, body: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let begun = 0;
  const work = async () => {
    while (begun++ < count) results.push(await body());
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return results;
}
