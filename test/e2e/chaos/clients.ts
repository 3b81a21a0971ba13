import { setTimeout as sleep } from 'node:timers/promises';
import type { TestEngine } from '../../harness/index.ts';
import { isHangUp } from '../turmoil.ts';
import { get, post, Wire } from '../wire.ts';
import type { Ask, Call, Verb } from './verbs.ts';

/** The engine has said no, which may be right: the state was another than the client thought. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

/** The engine has died, before it has answered or while it did. */
export class HungUp extends Error {
  override readonly name = 'HungUp';
}

/** Does a verb, and leaves an endless one after some milliseconds. Throws Refused, HungUp, and what is wrong. */
export type Client = (engine: TestEngine, verb: Verb, leaveAfter: number) => Promise<void>;

const LOST =
  /cannot connect|is the docker daemon running|connection (was |to .* was )?(lost|reset|refused)|EOF|broken pipe|error during connect/i;

/** The clients by name, each another way to speak to an engine. */
export const CLIENTS: Readonly<Record<string, Client>> = {
  docker: commandLine('docker'),
  berth: commandLine('berth'),
  dockerode: async (engine, verb, leaveAfter) => {
    const work = verb.library(engine.dockerode);
    if (verb.endless) return await Promise.race([work.then(noMatter, noMatter), sleep(leaveAfter)]);
    try {
      await work;
    } catch (error) {
      if (isHangUp(error)) throw new HungUp(String(error), { cause: error });
      const { statusCode } = error as { statusCode?: number };
      if (statusCode === undefined) throw error;
      // To the library, that there was nothing to do is an error too.
      if (statusCode !== 304) throw new Refused(String(error));
    }
  },
  raw: async (engine, verb, leaveAfter) => {
    const ask = askOf(engine);
    if (typeof verb.call === 'function') return void (await verb.call(ask));
    if (!verb.endless) return void (await ask(...verb.call));
    const [method, path] = verb.call;
    using _wire = new Wire(engine, method === 'GET' ? get(path) : post(path, ''));
    await sleep(leaveAfter);
  },
};

function commandLine(name: 'docker' | 'berth'): Client {
  return async (engine, verb, leaveAfter) => {
    if (verb.endless) {
      const child = engine.spawn(name, ...verb.words);
      for (const stream of [child.stdout, child.stderr]) stream?.resume();
      const ended = new Promise((resolve) => child.once('close', resolve));
      await Promise.race([sleep(leaveAfter), ended]);
      child.kill('SIGKILL');
      await ended;
      return;
    }
    const input = verb.input === undefined ? {} : { input: verb.input };
    const { code, stderr, command } = await engine.client(name, verb.words, input);
    if (code === 0) return;
    if (LOST.test(stderr)) throw new HungUp(stderr);
    throw new Refused(`${command}: exit code ${code}: ${stderr}`);
  };
}

function askOf(engine: TestEngine): Ask {
  return async (...[method, path, body]: Call) => {
    try {
      const headers = Buffer.isBuffer(body) ? { headers: { 'Content-Type': 'application/x-tar' } } : {};
      const answer = await engine.request(method, path, { ...headers, ...(body && { body }) });
      if (answer.status >= 400) throw new Refused(`${answer.status} ${answer.text}`);
      return answer.headers['content-type'] === 'application/json'
        ? JSON.parse(answer.text || '{}')
        : undefined;
    } catch (error) {
      if (isHangUp(error)) throw new HungUp(String(error), { cause: error });
      throw error;
    }
  };
}

function noMatter(): void {}
