import type { ShipperOptions } from '../../../runtime/index.ts';

/** How the log of a container is sent away, and where to. */
export type Shipment = Pick<ShipperOptions, 'address' | 'format'>;
