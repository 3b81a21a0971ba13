import * as v from 'valibot';

const text = v.nullish(v.string(), '');
const textMap = v.nullish(v.record(v.string(), v.nullish(v.string(), '')), {});

/** Body of `POST /volumes/create`. */
export const CreateVolumeSchema = v.object({
  /** Empty for a name that the engine makes up. */
  Name: text,
  Driver: text,
  DriverOpts: textMap,
  Labels: textMap,
  ClusterVolumeSpec: v.nullish(v.unknown()),
});

export type CreateVolumeRequest = v.InferOutput<typeof CreateVolumeSchema>;

/** A volume, as `GET /volumes` and `GET /volumes/{name}` show it. */
export interface VolumeResource {
  /** RFC 3339. */
  CreatedAt: string;
  Driver: string;
  Labels: Record<string, string> | null;
  /** The folder of its files on the host. */
  Mountpoint: string;
  Name: string;
  Options: Record<string, string> | null;
  Scope: string;
  /** In `GET /system/df` alone. */
  UsageData?: { RefCount: number; Size: number };
}

/** What `POST /volumes/prune` answers. */
export interface VolumePruneReport {
  VolumesDeleted: string[];
  SpaceReclaimed: number;
}

/** The label that tells a volume to which nobody gave a name. As dockerd. */
export const ANONYMOUS_LABEL = 'com.docker.volume.anonymous';
