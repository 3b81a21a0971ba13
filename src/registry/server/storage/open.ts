import { join } from 'node:path';
import type { RegistryConfig } from '../config/schema.ts';
import { DiskStorage } from './disk.ts';
import type { Storage } from './storage.ts';

/** Opens the storage that the configuration asks for. */
export async function openStorage({ root, storage }: RegistryConfig): Promise<Storage> {
  if (storage === undefined) return await DiskStorage.open(root, join(root, 'staging'));
  // Half a second of loading for those alone who need it.
  const { S3Storage } = await import('./s3.ts');
  return await S3Storage.open(storage.s3);
}
