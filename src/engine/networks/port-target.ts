import { BridgeDriver, type PortTarget } from '../../network/index.ts';
import type { Catalogue } from './catalogue.ts';
import type { Endpoint } from './sandbox.ts';

interface Candidate {
  readonly endpoint: Endpoint;
  readonly driver: BridgeDriver;
}

/** The bridge by which a container's ports are published; undefined where it has none that leads out. */
export function publishingNetwork(
  catalogue: Catalogue,
  endpoints: readonly Endpoint[],
): BridgeDriver | undefined {
  return candidates(catalogue, endpoints)[0]?.driver;
}

/** The addresses to which a container's ports lead: of each family the best that it has. */
export function portTarget(catalogue: Catalogue, endpoints: readonly Endpoint[]): PortTarget {
  const found = candidates(catalogue, endpoints).map(({ endpoint }) => endpoint);
  return {
    ipv4: found.find(({ ipAddress }) => ipAddress !== '')?.ipAddress ?? '',
    ipv6: found.find(({ ipv6Address }) => ipv6Address !== '')?.ipv6Address ?? '',
  };
}

/** In the order in which the default route goes to them: the answers must leave where the questions came in. */
function candidates(catalogue: Catalogue, endpoints: readonly Endpoint[]): Candidate[] {
  return endpoints
    .flatMap((endpoint) => {
      const driver = catalogue.byId(endpoint.networkId)?.driver;
      return driver instanceof BridgeDriver && !driver.settings.internal ? [{ endpoint, driver }] : [];
    })
    .sort(
      (a, b) =>
        b.endpoint.gatewayPriority - a.endpoint.gatewayPriority ||
        (a.endpoint.networkName < b.endpoint.networkName ? -1 : 1),
    );
}
