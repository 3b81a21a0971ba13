import { createReadStream } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { InvalidArgument, messageOf } from '../../../api/index.ts';
import type { S3Config } from '../config/schema.ts';
import { type ByteRange, byName, type Entry, type ObjectStat, type Storage } from './storage.ts';

/** Objects beyond go in parts of this size, which grows with the object: S3 takes ten thousand parts. */
const PART_SIZE = 8 << 20;
const MAX_PARTS = 10_000;

/** Parts on their way at a time. Each is read from the file as it is sent, so that none is in memory whole. */
const PARTS_AT_ONCE = 3;

/** Objects in a bucket of Amazon S3, or of a service that speaks its protocol. S3 itself makes them whole or not at all. */
export class S3Storage implements Storage {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #prefix: string;
  readonly description: string;

  private constructor(client: S3Client, bucket: string, prefix: string) {
    this.#client = client;
    this.#bucket = bucket;
    this.#prefix = prefix === '' ? '' : `${prefix}/`;
    this.description = `bucket ${bucket}${prefix && ` below ${prefix}`}`;
  }

  /** Throws InvalidArgument when the bucket cannot be reached. */
  static async open(config: S3Config): Promise<S3Storage> {
    const { accessKeyId, secretAccessKey, endpoint, region } = config;
    const client = new S3Client({
      region,
      ...(endpoint === undefined ? {} : { endpoint }),
      // Other services often lack a host name for each bucket.
      forcePathStyle: config.pathStyle ?? endpoint !== undefined,
      ...(accessKeyId && secretAccessKey ? { credentials: { accessKeyId, secretAccessKey } } : {}),
      // Blobs have digests of their own, and not every service knows the checksums of Amazon's.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    });
    try {
      await client.send(new HeadBucketCommand({ Bucket: config.bucket }));
    } catch (cause) {
      client.destroy();
      const where = endpoint === undefined ? '' : ` at ${endpoint}`;
      throw new InvalidArgument(`could not open the bucket ${config.bucket}${where}: ${messageOf(cause)}`, {
        cause,
      });
    }
    return new S3Storage(client, config.bucket, config.prefix);
  }

  async read(key: string, limit: number): Promise<Buffer | undefined> {
    try {
      const { Body, ContentLength = 0 } = await this.#client.send(new GetObjectCommand(this.#at(key)));
      if (ContentLength > limit) {
        (Body as Readable).destroy();
        throw new Error(`${key} has ${ContentLength} bytes, more than the ${limit} that are read at once`);
      }
      return Buffer.from(await Body!.transformToByteArray());
    } catch (error) {
      return ignoreMissing(error);
    }
  }

  async write(key: string, bytes: Uint8Array): Promise<void> {
    await this.#client.send(new PutObjectCommand({ ...this.#at(key), Body: bytes }));
  }

  async adopt(file: string, key: string): Promise<void> {
    const { size } = await stat(file);
    if (size > PART_SIZE) await this.#putParts(file, size, key);
    else {
      const Body = createReadStream(file);
      await this.#client.send(new PutObjectCommand({ ...this.#at(key), Body, ContentLength: size }));
    }
    await rm(file, { force: true });
  }

  async stat(key: string): Promise<ObjectStat | undefined> {
    try {
      const found = await this.#client.send(new HeadObjectCommand(this.#at(key)));
      return { size: found.ContentLength ?? 0, modified: found.LastModified ?? new Date() };
    } catch (error) {
      return ignoreMissing(error);
    }
  }

  async stream(key: string, { start, end }: ByteRange): Promise<Readable> {
    const found = await this.#client.send(
      new GetObjectCommand({ ...this.#at(key), Range: `bytes=${start}-${end}` }),
    );
    return found.Body as Readable;
  }

  async list(key: string): Promise<Entry[]> {
    const prefix = `${this.#prefix}${key}/`;
    const entries: Entry[] = [];
    for await (const page of this.#pages(prefix, '/')) {
      for (const { Prefix = '' } of page.CommonPrefixes ?? []) {
        entries.push({ name: Prefix.slice(prefix.length, -1), isFolder: true });
      }
      for (const { Key = '' } of page.Contents ?? []) {
        entries.push({ name: Key.slice(prefix.length), isFolder: false });
      }
    }
    return entries.sort(byName);
  }

  async remove(key: string): Promise<void> {
    await this.#client.send(new DeleteObjectCommand(this.#at(key)));
  }

  async removeAll(key: string): Promise<void> {
    for await (const page of this.#pages(`${this.#prefix}${key}/`)) {
      const Objects = page.Contents?.map(({ Key }) => ({ Key }));
      if (!Objects?.length) continue;
      const { Errors } = await this.#client.send(
        new DeleteObjectsCommand({ Bucket: this.#bucket, Delete: { Objects, Quiet: true } }),
      );
      if (Errors?.length) throw new Error(`could not remove ${Errors[0]!.Key}: ${Errors[0]!.Message}`);
    }
  }

  async close(): Promise<void> {
    this.#client.destroy();
  }

  #at(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.#bucket, Key: this.#prefix + key };
  }

  async *#pages(prefix: string, delimiter?: string) {
    for (let token: string | undefined, isFirst = true; isFirst || token !== undefined; isFirst = false) {
      const page = await this.#client.send(
        new ListObjectsV2Command({
          Bucket: this.#bucket,
          Prefix: prefix,
          Delimiter: delimiter,
          ContinuationToken: token,
        }),
      );
      yield page;
      token = page.NextContinuationToken;
    }
  }

  async #putParts(file: string, size: number, key: string): Promise<void> {
    const { UploadId } = await this.#client.send(new CreateMultipartUploadCommand(this.#at(key)));
    const target = { ...this.#at(key), UploadId };
    try {
      const Parts = await this.#sendParts(file, size, target);
      await this.#client.send(new CompleteMultipartUploadCommand({ ...target, MultipartUpload: { Parts } }));
    } catch (error) {
      // What remains of an upload costs its owner money.
      await this.#client.send(new AbortMultipartUploadCommand(target)).catch(() => {});
      throw error;
    }
  }

  async #sendParts(
    path: string,
    size: number,
    target: { Bucket: string; Key: string; UploadId: string | undefined },
  ) {
    const partSize = Math.max(PART_SIZE, Math.ceil(size / MAX_PARTS));
    const count = Math.ceil(size / partSize);
    const parts: { PartNumber: number; ETag: string | undefined }[] = [];
    await using file = await open(path, 'r');
    let next = 0;
    const sender = async () => {
      while (next < count) {
        const index = next++;
        const start = index * partSize;
        const end = Math.min(start + partSize, size) - 1;
        const Body = createReadStream('', { fd: file, autoClose: false, start, end });
        const part = { ...target, PartNumber: index + 1, Body, ContentLength: end - start + 1 };
        const { ETag } = await this.#client.send(new UploadPartCommand(part));
        parts[index] = { PartNumber: index + 1, ETag };
      }
    };
    await Promise.all(Array.from({ length: PARTS_AT_ONCE }, sender));
    return parts;
  }
}

function ignoreMissing(error: unknown): undefined {
  const { name, $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } };
  if (name === 'NoSuchKey' || name === 'NotFound' || $metadata?.httpStatusCode === 404) return undefined;
  throw error;
}
