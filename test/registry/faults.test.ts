import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { Internal } from '../../src/api/index.ts';
import { digestOf } from '../../src/layers/index.ts';
import type { ImageSpec } from '../engine/images/fixtures.ts';
import { needs } from '../harness/index.ts';
import { freePort, startDockerRegistry, type TestRegistry } from './docker-registry.ts';
import { type Fault, startFaultProxy } from './fault-proxy.ts';
import { openPuller, plainLines, threeLayers } from './fixtures.ts';
import { Publisher } from './publish.ts';

suite('pulling from a registry that does its job badly', needs('root', 'docker-registry'), () => {
  let registry: TestRegistry;
  let spec: ImageSpec;
  let largest: Buffer;
  before(async () => {
    registry = await startDockerRegistry();
    spec = await threeLayers(1);
    largest = spec.layers[1]!.blob;
    await new Publisher(registry.url).image('app', 'latest', spec);
  });
  after(() => registry[Symbol.asyncDispose]());

  const isLargest = (path: string) => path.endsWith(digestOf(largest));

  /** Pulls through a proxy with a fault, which must not keep the right image from being there. */
  async function survives(fault: Fault) {
    await using own = await openPuller();
    await using proxy = await startFaultProxy(registry.host, fault);
    const lines = plainLines(await own.pull(`${proxy.host}/app`));
    assert.equal(own.images.inspect(`${proxy.host}/app`).Id, spec.id);
    own.assertNothingStaged();
    assert.deepEqual(readdirSync(join(own.root, 'downloads')), []);
    return { lines, seen: [...proxy.seen] };
  }

  /** The same with a fault that must end the pull with a clear error and nothing left. */
  async function refuses(fault: Fault, message: RegExp, { passing = false } = {}) {
    await using own = await openPuller();
    await using proxy = await startFaultProxy(registry.host, fault);
    await assert.rejects(own.pull(`${proxy.host}/app`), (error: Error) => {
      assert.ok(error instanceof Internal, String(error.stack));
      assert.match(error.message, message);
      return true;
    });
    // What may work the next time need not be received twice.
    if (passing) own.assertEmpty();
    else await own.assertNothingHalf();
    // And the next pull from a sound registry heals everything.
    proxy.fault = undefined;
    await own.pull(`${proxy.host}/app`);
    assert.equal(own.images.inspect(`${proxy.host}/app`).Id, spec.id);
  }

  test('each connection cut after some bytes is taken up where it broke', async () => {
    const step = Math.ceil(largest.length / 7);
    const { seen } = await survives(({ req, res, pass }) => {
      if (!isLargest(req.url!)) return pass();
      const start = Number(/bytes=(\d+)-/.exec(req.headers.range ?? '')?.[1] ?? 0);
      res.writeHead(start > 0 ? 206 : 200, {
        'Content-Length': largest.length - start,
        'Content-Range': `bytes ${start}-${largest.length - 1}/${largest.length}`,
      });
      res.write(largest.subarray(start, start + step), () => setTimeout(() => res.destroy(), 20));
    });
    const ranges = seen.filter(({ path }) => isLargest(path)).map(({ headers }) => headers.range);
    assert.equal(ranges[0], undefined);
    assert.equal(ranges.length, 7);
    assert.equal(new Set(ranges).size, ranges.length, 'no byte is asked for twice');
  });

  test('a registry that knows no ranges', async () => {
    await survives(({ req, res, earlier, pass }) => {
      if (!isLargest(req.url!)) return pass();
      res.writeHead(200, { 'Content-Length': largest.length });
      if (earlier > 0) return void res.end(largest);
      res.write(largest.subarray(0, 100_000), () => setTimeout(() => res.destroy(), 20));
    });
  });

  test('a part from another place than was asked for', async () => {
    await refuses(({ req, res, earlier, pass }) => {
      if (!isLargest(req.url!)) return pass();
      if (earlier > 0) {
        const rest = largest.subarray(200_000);
        res.writeHead(206, { 'Content-Range': `bytes 200000-${largest.length - 1}/${largest.length}` });
        return void res.end(rest);
      }
      res.writeHead(200, { 'Content-Length': largest.length });
      res.write(largest.subarray(0, 100_000), () => setTimeout(() => res.destroy(), 20));
    }, /another part of a blob/);
  });

  test('a slow trickle', async () => {
    const { lines } = await survives(async ({ req, res, pass }) => {
      if (!isLargest(req.url!)) return pass();
      res.writeHead(200, { 'Content-Length': largest.length });
      for (let at = 0; at < largest.length; at += 40_000) {
        res.write(largest.subarray(at, at + 40_000));
        await sleep(20);
      }
      res.end();
    });
    assert.ok(lines.some((line) => line.endsWith(': Pull complete')));
  });

  test('500 for a while', async () => {
    const { lines } = await survives(({ req, res, earlier, pass }) => {
      if (earlier >= 2 || req.url === '/v2/') return pass();
      res.writeHead(500).end('{"errors":[{"code":"UNKNOWN","message":"the disk is on fire"}]}');
    });
    assert.ok(lines.some((line) => /: Retrying in \d+ seconds?$/.test(line)));
  });

  test('500 for ever', { timeout: 120_000 }, () =>
    refuses(
      ({ req, res, pass }) => {
        if (!isLargest(req.url!)) return pass();
        res.writeHead(500).end('{"errors":[{"code":"UNKNOWN","message":"the disk is on fire"}]}');
      },
      /the disk is on fire/,
      { passing: true },
    ),
  );

  test('429 with a Retry-After that can be waited for', async () => {
    let refused = 0;
    let asked = 0;
    await survives(({ req, res, earlier, pass }) => {
      if (!req.url!.includes('/manifests/')) return pass();
      if (earlier === 0) {
        refused = Date.now();
        return void res.writeHead(429, { 'Retry-After': '1' }).end();
      }
      asked ||= Date.now();
      return pass();
    });
    assert.ok(asked - refused >= 1000);
  });

  test('429 with one that cannot', () =>
    refuses(({ req, res, pass }) => {
      if (!req.url!.includes('/manifests/')) return pass();
      res
        .writeHead(429, { 'Retry-After': '3600' })
        .end('{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your pull rate limit."}]}');
    }, /^toomanyrequests: You have reached your pull rate limit\..*try again in 3600 seconds.*berth login/));

  test('a wrong blob of the right size', () =>
    refuses(
      ({ req, pass }) =>
        pass((answer) => {
          if (isLargest(req.url!))
            answer.body = Buffer.from(answer.body.map((byte, at) => (at === 9000 ? byte ^ 1 : byte)));
          return answer;
        }),
      /filesystem layer verification failed for digest sha256:/,
    ));

  test('another blob, which is longer', () => {
    const other = gzipSync(createHash('sha256').update('other').digest());
    return refuses(({ req, res, pass }) => {
      if (!isLargest(req.url!)) return pass();
      res.end(Buffer.concat([largest, other]));
    }, /verification failed .* sends more than the \d+ bytes/);
  });

  test('a blob that ends too soon, and says so', () =>
    refuses(
      ({ req, res, pass }) => {
        if (!isLargest(req.url!)) return pass();
        if (req.headers.range)
          return void res.writeHead(206, { 'Content-Range': 'bytes 1000-999/1000' }).end();
        res.writeHead(200, { 'Content-Length': 1000 }).end(largest.subarray(0, 1000));
      },
      /unexpected EOF: 1000 of \d+ bytes were received/,
      { passing: true },
    ));

  test('a body without an end', () => {
    const chunk = Buffer.alloc(64 << 10, 7);
    const endless: Fault = ({ req, res, pass }) => {
      if (!isLargest(req.url!)) return pass();
      const more = () => {
        while (!res.destroyed && res.write(chunk));
        if (!res.destroyed) res.once('drain', more);
      };
      more();
    };
    return refuses(endless, /sends more than/);
  });

  test('a manifest without an end', () =>
    refuses(({ req, res, pass }) => {
      if (!req.url!.includes('/manifests/')) return pass();
      const chunk = Buffer.alloc(64 << 10, ' ');
      const more = () => {
        while (!res.destroyed && res.write(chunk));
        if (!res.destroyed) res.once('drain', more);
      };
      more();
    }, /more than 4194304 bytes/));

  test('a manifest that is not the one of its digest', () =>
    refuses(
      ({ req, pass }) =>
        pass((answer) => {
          if (req.url!.includes('/manifests/')) answer.body = Buffer.concat([answer.body, Buffer.from(' ')]);
          delete answer.headers['content-length'];
          return answer;
        }),
      /manifest verification failed for digest/,
    ));

  test('a wrong config', () =>
    refuses(
      ({ req, pass }) =>
        pass((answer) => {
          if (req.url!.endsWith(spec.id)) answer.body[20]! ^= 1;
          return answer;
        }),
      /config verification failed/,
    ));

  test('a registry that redirects in a circle', () =>
    refuses(({ req, res, pass }) => {
      if (!isLargest(req.url!)) return pass();
      res.writeHead(307, { Location: req.url! }).end();
    }, /stopped after 10 redirects/));

  test('nobody there', async () => {
    await using own = await openPuller();
    const port = await freePort();
    await assert.rejects(
      own.pull(`127.0.0.1:${port}/app`),
      /dial tcp 127\.0\.0\.1:\d+: connect: connection refused/,
    );
    await own.assertNothingHalf();
  });

  test('what a pull that was given up has received is not asked for again', async () => {
    await using own = await openPuller();
    await using proxy = await startFaultProxy(registry.host, ({ req, res, pass }) => {
      if (!isLargest(req.url!)) return pass();
      res.writeHead(200, { 'Content-Length': largest.length });
      res.write(largest.subarray(0, 150_000));
    });
    const abort = new AbortController();
    const pull = own.pull(`${proxy.host}/app`, { signal: abort.signal });
    const received = () => {
      const path = join(own.root, 'downloads', digestOf(largest).slice(7));
      return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    };
    while (received() < 150_000) await sleep(5);
    abort.abort();
    await assert.rejects(pull, { name: 'AbortError' });
    own.assertEmpty();
    proxy.fault = undefined;
    await own.pull(`${proxy.host}/app`);
    assert.equal(proxy.seen.findLast(({ path }) => isLargest(path))?.headers.range, 'bytes=150000-');
    assert.equal(own.images.inspect(`${proxy.host}/app`).Id, spec.id);
  });

  test('what was received is not trusted: spoiled on disk, it is fetched anew', async () => {
    await using own = await openPuller();
    await using proxy = await startFaultProxy(registry.host);
    const { writeFileSync } = await import('node:fs');
    writeFileSync(join(own.root, 'downloads', digestOf(largest).slice(7)), Buffer.alloc(100_000, 1));
    await own.pull(`${proxy.host}/app`);
    const ranges = proxy.seen.filter(({ path }) => isLargest(path)).map(({ headers }) => headers.range);
    assert.deepEqual(ranges, ['bytes=100000-', undefined]);
    assert.equal(own.images.inspect(`${proxy.host}/app`).Id, spec.id);
  });
});
