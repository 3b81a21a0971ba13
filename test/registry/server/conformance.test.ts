import { after, before, suite } from 'node:test';
import { manageConformance } from './conformance-manage.ts';
import { pullConformance } from './conformance-pull.ts';
import { pushConformance } from './conformance-push.ts';
import { TestRegistry } from './registry.ts';
import { type Bucket, startBucket } from './s3.ts';

suite('distribution specification, on disk', () => {
  let registry: TestRegistry;
  before(async () => {
    registry = await TestRegistry.start();
  });
  after(() => registry[Symbol.asyncDispose]());
  pullConformance(() => registry);
  pushConformance(() => registry);
  manageConformance(() => registry);
});

suite('distribution specification, on S3', () => {
  let bucket: Bucket;
  let registry: TestRegistry;
  before(async () => {
    bucket = await startBucket();
    registry = await TestRegistry.start({ storage: { s3: bucket.settings } });
  });
  after(async () => {
    await registry[Symbol.asyncDispose]();
    await bucket[Symbol.asyncDispose]();
  });
  pullConformance(() => registry);
  pushConformance(() => registry);
  manageConformance(() => registry);
});
