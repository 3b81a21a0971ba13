import type { RegistryConfig } from '../config/schema.ts';
import type { Router } from '../http/router.ts';
import type { RegistryParts } from '../parts.ts';
import { blobRoutes } from './blobs.ts';
import { listRoutes } from './lists.ts';
import { manifestRoutes } from './manifests.ts';
import { metricsRoutes } from './metrics.ts';
import { searchRoutes } from './search.ts';
import { tokenRoutes } from './token.ts';
import { uploadRoutes } from './uploads.ts';
import { webRoutes } from './web.ts';

/** Puts everything that a registry answers into the table. */
export function registerRoutes(router: Router, parts: RegistryParts, config: RegistryConfig): void {
  listRoutes(router, parts);
  blobRoutes(router, parts);
  uploadRoutes(router, parts);
  manifestRoutes(router, parts);
  searchRoutes(router, parts);
  tokenRoutes(router, parts);
  if (config.web) webRoutes(router);
  if (config.metrics) metricsRoutes(router, parts);
}
