import type { Router } from '../http/router.ts';
import type { RegistryParts } from '../parts.ts';

/** What Prometheus collects. */
export function metricsRoutes(router: Router, { metrics }: RegistryParts): void {
  router.addFixed('GET', '/metrics', async (exchange) => {
    exchange.bytes(200, Buffer.from(await metrics.text()), { 'Content-Type': metrics.contentType });
  });
}
