import { startFauxqs } from 'fauxqs';
import type { RegistrySettings } from '../../../src/registry/server/index.ts';

export interface Bucket extends AsyncDisposable {
  readonly settings: NonNullable<RegistrySettings['storage']>['s3'];
}

/** An S3-compatible server in this process, with an empty bucket. */
export async function startBucket(): Promise<Bucket> {
  const server = await startFauxqs({ port: 0, host: '127.0.0.1', logger: false });
  server.createBucket('images');
  return {
    settings: {
      bucket: 'images',
      endpoint: `http://127.0.0.1:${server.port}`,
      prefix: 'some/where',
      accessKeyId: 'test',
      secretAccessKey: 'test',
    },
    [Symbol.asyncDispose]: () => server.stop(),
  };
}
