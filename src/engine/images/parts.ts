import type { BlobStore, Digest, LayerStore } from '../../layers/index.ts';
import type { EventBus } from '../events/index.ts';
import type { ImageUser } from './record.ts';
import type { ImageStore } from './store.ts';

/** What the verbs of this folder work with. */
export interface ImageParts {
  readonly store: ImageStore;
  readonly blobs: BlobStore;
  readonly layers: LayerStore;
  readonly dataRoot: string;
  readonly events: Pick<EventBus, 'publish'>;
  /** The containers that were made from an image, as of now. */
  usersOf(id: Digest): readonly ImageUser[];
}
