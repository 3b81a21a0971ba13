import { join } from 'node:path';
import type { VolumeResource } from '../../api/index.ts';
import { Mutex } from '../mutex.ts';
import { LOCAL_DRIVER, type Phase, type VolumeRecord } from './record.ts';

/** Where a volume's own files are. */
export class VolumeFiles {
  readonly folder: string;

  constructor(dataRoot: string, name: string) {
    this.folder = join(dataRoot, 'volumes', name);
  }

  /** What containers see. */
  get data(): string {
    return join(this.folder, '_data');
  }

  /** What is to become `data` once it is complete. */
  get next(): string {
    return join(this.folder, '_next');
  }
}

/** One volume in the engine's memory. Whoever mounts, fills or removes it holds `lock`. */
export class Volume {
  record: VolumeRecord;
  phase: Phase;
  files: VolumeFiles;
  readonly lock = new Mutex();
  /** Who has its files in use at the moment: IDs of containers that run or start, and symbols that stand for operations. */
  readonly holders = new Set<string | symbol>();

  /** Set while its files are copied as they are at one moment: no container begins to use them until it resolves. */
  still: Promise<void> | undefined;

  constructor(record: VolumeRecord, phase: Phase, files: VolumeFiles) {
    this.record = record;
    this.phase = phase;
    this.files = files;
  }

  get name(): string {
    return this.record.name;
  }
}

/** A volume as the Engine API shows it. */
export function volumeResource({ record, files }: Volume): VolumeResource {
  return {
    CreatedAt: record.created,
    Driver: LOCAL_DRIVER,
    Labels: orNull(record.labels),
    Mountpoint: files.data,
    Name: record.name,
    Options: orNull(record.options),
    Scope: 'local',
  };
}

function orNull(map: Readonly<Record<string, string>>): Record<string, string> | null {
  return Object.keys(map).length > 0 ? { ...map } : null;
}
