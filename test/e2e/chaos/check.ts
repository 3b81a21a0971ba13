import assert from 'node:assert/strict';
import type { TestEngine } from '../../harness/index.ts';
import { eventually, isAlive, logs } from '../support.ts';
import { KILLED, readRuns } from './program.ts';

/** What a container's inspection says of it, as far as it is looked at. */
interface Seen {
  readonly Name: string;
  readonly RestartCount: number;
  readonly Config: { readonly Labels: { readonly code: string; readonly stopCode: string } };
  readonly HostConfig: { readonly AutoRemove: boolean };
  readonly State: {
    readonly Status: string;
    readonly Running: boolean;
    readonly Paused: boolean;
    readonly Restarting: boolean;
    readonly Pid: number;
    readonly ExitCode: number;
    readonly Error: string;
    readonly StartedAt: string;
    readonly FinishedAt: string;
  };
}

/** What each status says about the rest of the state: [Running, Paused, Restarting, has a process]. */
const LEGAL: Readonly<Record<string, readonly boolean[]>> = {
  created: [false, false, false, false],
  running: [true, false, false, true],
  paused: [true, true, false, true],
  restarting: [true, false, true, false],
  exited: [false, false, false, false],
};

/** Asserts that a container that no client touches is in a legal state, and that nothing of its runs was lost. */
export async function checkContainer(engine: TestEngine, id: string): Promise<void> {
  const before = await look(engine, id);
  if (before === undefined) return;
  const { stdout } = await logs(engine, id);
  const after = await look(engine, id);
  // One that has ended or begun meanwhile is looked at again: there is nothing to compare with.
  if (after === undefined) return;
  if (JSON.stringify(before.State) !== JSON.stringify(after.State)) return checkContainer(engine, id);
  const where = `${id} ${JSON.stringify(after)}\n${stdout.slice(-500)}`;
  checkState(after, where);
  await checkRuns(engine, id, after, stdout, where);
}

async function look(engine: TestEngine, id: string): Promise<Seen | undefined> {
  const answer = await engine.request('GET', `/containers/${id}/json`);
  if (answer.status === 404) return undefined;
  assert.equal(answer.status, 200, answer.text);
  const { Name, RestartCount, Config, HostConfig, State } = answer.json() as Seen;
  const { AutoRemove } = HostConfig;
  return { Name, RestartCount, Config: { Labels: Config.Labels }, HostConfig: { AutoRemove }, State };
}

function checkState({ State }: Seen, where: string): void {
  const { Status, Running, Paused, Restarting, Pid } = State;
  assert.deepEqual([Running, Paused, Restarting, Pid > 0], LEGAL[Status], where);
  assert.equal(State.Error, '', where);
}

async function checkRuns(
  engine: TestEngine,
  id: string,
  { State, Config, HostConfig }: Seen,
  log: string,
  where: string,
): Promise<void> {
  const { runs, lastEnd } = readRuns(log);
  if (State.Status === 'created') {
    assert.equal(runs, 0, `it has run: ${where}`);
    return;
  }
  if (State.Pid > 0) {
    if (!isAlive(State.Pid))
      await eventually(`the end is noticed of ${where}`, () => hasMovedOn(engine, id, State));
    return;
  }
  const { code, stopCode } = Config.Labels;
  const said = lastEnd === undefined ? [KILLED] : [lastEnd, KILLED];
  assert.ok(said.includes(State.ExitCode), `the exit code is not what the program gave: ${where}`);
  assert.ok([Number(code), Number(stopCode), KILLED].includes(State.ExitCode), where);
  assert.ok(Date.parse(State.FinishedAt) >= Date.parse(State.StartedAt), where);
  if (HostConfig.AutoRemove) {
    await eventually(`it goes after its end: ${where}`, async () => (await look(engine, id)) === undefined);
  }
}

async function hasMovedOn(engine: TestEngine, id: string, { Pid }: Seen['State']): Promise<boolean> {
  return (await look(engine, id))?.State.Pid !== Pid;
}
