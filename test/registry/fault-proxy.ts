import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a proxy does with a request instead of passing it on; `pass` passes it on, as it is or with changes to the answer. */
export type Fault = (exchange: Exchange) => void | Promise<void>;

export interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** How many requests for the same path came before this one. */
  readonly earlier: number;
  /** Passes the request on; `change` may rewrite the answer's body and headers. */
  pass(change?: (answer: Answer) => Answer): Promise<void>;
}

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}

export interface FaultProxy extends AsyncDisposable {
  readonly host: string;
  /** Every request that came, in order. */
  readonly seen: readonly { method: string; path: string; headers: IncomingMessage['headers'] }[];
  /** What to do from now on; undefined passes everything on. */
  fault: Fault | undefined;
}

/** A server in front of a registry that does its job badly. */
export async function startFaultProxy(upstream: string, fault?: Fault): Promise<FaultProxy> {
  const seen: { method: string; path: string; headers: IncomingMessage['headers'] }[] = [];
  const server = createServer((req, res) => {
    const path = req.url!;
    const earlier = seen.filter((it) => it.path === path && it.method === req.method).length;
    seen.push({ method: req.method!, path, headers: req.headers });
    const pass = async (change?: (answer: Answer) => Answer) => {
      const answer = await ask(upstream, req);
      const { status, headers, body } = change?.(answer) ?? answer;
      res.writeHead(status, headers).end(body);
    };
    const exchange = { req, res, earlier, pass };
    Promise.resolve(proxy.fault === undefined ? pass() : proxy.fault(exchange)).catch(() => res.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy = {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    fault,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}

function ask(upstream: string, req: IncomingMessage): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { ...req.headers, host: upstream };
    const sent = request(`http://${upstream}${req.url}`, { method: req.method!, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject);
      answer.on('end', () =>
        resolve({ status: answer.statusCode!, headers: { ...answer.headers }, body: Buffer.concat(chunks) }),
      );
    });
    req.pipe(sent.on('error', reject));
  });
}
