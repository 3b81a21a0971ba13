import http from 'node:http';
import { buffer } from 'node:stream/consumers';
import { messageOf, Unavailable } from '../../../api/index.ts';
import { controlSocket } from './server.ts';

/** Asks the registry that uses a folder; undefined when there is none. Throws Unavailable with what it says when it refuses. */
export async function askRegistry<T>(root: string, method: string, path: string): Promise<T | undefined> {
  const socketPath = controlSocket(root);
  const answer = await new Promise<http.IncomingMessage | undefined>((resolve, reject) => {
    const sent = http.request({ socketPath, method, path, agent: false }, resolve);
    sent.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') resolve(undefined);
      else
        reject(
          new Unavailable(`cannot reach the registry of ${root}: ${messageOf(error)}`, { cause: error }),
        );
    });
    sent.end();
  });
  if (answer === undefined) return undefined;
  const body = JSON.parse((await buffer(answer)).toString()) as T & { message?: string };
  if (answer.statusCode === 200) return body;
  throw new Unavailable(body.message ?? `the registry answers ${answer.statusCode}`);
}
