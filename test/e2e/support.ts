import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { FrameDecoder, STDERR } from '../../src/api/index.ts';
import type { Answer, TestEngine } from '../harness/index.ts';

/** A container to create, in the words of the Engine API. */
export interface ContainerWish {
  /** `['sleep', '600']` unless told. */
  readonly cmd?: readonly string[];
  readonly name?: string;
  readonly config?: object;
  readonly host?: object;
}

/** Creates a container of the busybox image, without a network unless `host` names one, and gives its ID. */
export async function create(engine: TestEngine, wish: ContainerWish = {}): Promise<string> {
  const query = wish.name === undefined ? '' : `?name=${wish.name}`;
  const answer = await engine.request('POST', `/containers/create${query}`, {
    body: {
      Image: 'busybox',
      Cmd: wish.cmd ?? ['sleep', '600'],
      ...wish.config,
      HostConfig: { NetworkMode: 'none', ...wish.host },
    },
  });
  return (expectStatus(answer, 201).json() as { Id: string }).Id;
}

/** Creates a container and starts it. */
export async function start(engine: TestEngine, wish: ContainerWish = {}): Promise<string> {
  const id = await create(engine, wish);
  expectStatus(await engine.request('POST', `/containers/${id}/start`), 204);
  return id;
}

/** How a process in a container ended. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command in a new container to its end, and removes the container. */
export async function runToEnd(
  engine: TestEngine,
  cmd: readonly string[],
  wish: ContainerWish = {},
): Promise<Outcome> {
  const id = await start(engine, { ...wish, cmd });
  const code = await wait(engine, id);
  const output = await logs(engine, id);
  expectStatus(await engine.request('DELETE', `/containers/${id}?force=1`), 204);
  return { code, ...output };
}

/** The standard output of a shell script that must succeed in a new container. */
export async function script(engine: TestEngine, text: string, wish: ContainerWish = {}): Promise<string> {
  const outcome = await runToEnd(engine, ['sh', '-c', text], wish);
  assert.equal(outcome.code, 0, `${text}: ${outcome.stdout}${outcome.stderr}`);
  return outcome.stdout.trimEnd();
}

/** Waits until a container does not run, and gives its exit code. */
export async function wait(engine: TestEngine, id: string): Promise<number> {
  const answer = expectStatus(await engine.request('POST', `/containers/${id}/wait`), 200);
  return (answer.json() as { StatusCode: number }).StatusCode;
}

/** What a container without a terminal has written so far. */
export async function logs(
  engine: TestEngine,
  id: string,
  query = '',
): Promise<{ stdout: string; stderr: string }> {
  const answer = await engine.request('GET', `/containers/${id}/logs?stdout=1&stderr=1${query}`);
  return split(expectStatus(answer, 200).body);
}

/** Runs a command in a running container to its end. */
export async function exec(engine: TestEngine, id: string, cmd: readonly string[]): Promise<Outcome> {
  const body = { Cmd: cmd, AttachStdout: true, AttachStderr: true };
  const created = expectStatus(await engine.request('POST', `/containers/${id}/exec`, { body }), 201);
  const execId = (created.json() as { Id: string }).Id;
  const started = await engine.request('POST', `/exec/${execId}/start`, { body: { Detach: false } });
  const output = split(expectStatus(started, 200).body);
  const end = expectStatus(await engine.request('GET', `/exec/${execId}/json`), 200);
  return { code: (end.json() as { ExitCode: number }).ExitCode, ...output };
}

/** The standard output of a shell script that must succeed in a running container. */
export async function execScript(engine: TestEngine, id: string, text: string): Promise<string> {
  const outcome = await exec(engine, id, ['sh', '-c', text]);
  assert.equal(outcome.code, 0, `${text}: ${outcome.stdout}${outcome.stderr}`);
  return outcome.stdout.trimEnd();
}

/** The parts of `GET /containers/{id}/json` that tests look at. */
export interface Inspected {
  readonly Id: string;
  readonly Name: string;
  readonly State: {
    readonly Status: string;
    readonly Running: boolean;
    readonly OOMKilled: boolean;
    readonly Pid: number;
    readonly ExitCode: number;
    readonly Error: string;
    readonly StartedAt: string;
    readonly FinishedAt: string;
  };
  readonly NetworkSettings: { readonly Networks: { readonly bridge: { readonly IPAddress: string } } };
}

export async function inspect(engine: TestEngine, id: string): Promise<Inspected> {
  return expectStatus(await engine.request('GET', `/containers/${id}/json`), 200).json() as Inspected;
}

/** All containers, as `leftovers` wants to know them. */
export async function list(engine: TestEngine): Promise<{ id: string; running: boolean }[]> {
  const answer = expectStatus(await engine.request('GET', '/containers/json?all=1'), 200);
  const containers = answer.json() as { Id: string; State: string }[];
  return containers.map(({ Id, State }) => ({ id: Id, running: State === 'running' || State === 'paused' }));
}

export async function remove(engine: TestEngine, id: string): Promise<void> {
  expectStatus(await engine.request('DELETE', `/containers/${id}?force=1`), 204);
}

/** Asserts on an answer's status, with its text in the failure. */
export function expectStatus(answer: Answer, status: number): Answer {
  assert.equal(answer.status, status, answer.text);
  return answer;
}

/** The two streams in a multiplexed body. */
export function split(body: Buffer): { stdout: string; stderr: string } {
  const parts = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  for (const { stream, data } of new FrameDecoder().push(body)) {
    (stream === STDERR ? parts.stderr : parts.stdout).push(data);
  }
  return { stdout: String(Buffer.concat(parts.stdout)), stderr: String(Buffer.concat(parts.stderr)) };
}

/** Waits until `condition` gives something other than undefined or false. Throws after `timeout` ms, naming `what`. */
export async function eventually<T>(
  what: string,
  condition: () => T | Promise<T>,
  timeout = 10_000,
): Promise<Exclude<T, undefined | false>> {
  for (const end = Date.now() + timeout; ; await sleep(10)) {
    const value = await condition();
    if (value !== undefined && value !== false) return value as Exclude<T, undefined | false>;
    if (Date.now() > end) throw new Error(`not within ${timeout} ms: ${what}`);
  }
}

/** Whether a process is there and is no zombie. */
export function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX] /s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
