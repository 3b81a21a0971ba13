/** An entry of `GET /images/json`. */
export interface ImageSummary {
  Id: string;
  ParentId: string;
  RepoTags: string[];
  RepoDigests: string[];
  /** Seconds since 1970; 0 when unknown. */
  Created: number;
  /** Bytes of all files of all layers. */
  Size: number;
  /** Bytes of the layers that other images use too, or -1 when it was not asked for. */
  SharedSize: number;
  /** Number of containers, or -1 when it was not asked for. */
  Containers: number;
  Labels: Record<string, string>;
}

/** `GET /images/{name}/json`. */
export interface ImageInspect {
  Id: string;
  RepoTags: string[];
  RepoDigests: string[];
  Parent: string;
  Comment: string;
  /** RFC 3339; empty when unknown. */
  Created: string;
  DockerVersion: string;
  Author: string;
  Config: Record<string, unknown>;
  Architecture: string;
  Variant?: string;
  Os: string;
  Size: number;
  GraphDriver: { Name: string; Data: Record<string, string> };
  RootFS: { Type: string; Layers: string[] };
  Metadata: { LastTagTime: string };
}

/** An entry of `GET /images/{name}/history`, newest first. */
export interface ImageHistoryItem {
  /** ID of the image, or `<missing>` for a step that left no image behind. */
  Id: string;
  /** Seconds since 1970; 0 when unknown. */
  Created: number;
  CreatedBy: string;
  Tags: string[];
  Size: number;
  Comment: string;
}

/** An entry of the answer to `DELETE /images/{name}`: a name, an image or a layer that is gone. */
export type ImageDeleteItem = { Untagged: string } | { Deleted: string };

/** A line of the progress of pull, push, load and import. */
export interface ImageProgress {
  stream?: string;
  status?: string;
  id?: string;
  progressDetail?: { current?: number; total?: number };
  /** What is said to programs. */
  aux?: object;
}

/** `GET /distribution/{name}/json`. */
export interface DistributionInspect {
  Descriptor: { mediaType: string; digest: string; size: number };
  Platforms: { architecture: string; os: string; variant?: string | null | undefined }[];
}
