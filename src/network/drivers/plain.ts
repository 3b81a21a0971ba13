import { Unavailable } from '../../api/index.ts';
import type { Subnet } from '../address-space.ts';
import { type Attachment, type Driver, type DriverKind, NO_ATTACHMENT } from './driver.ts';

/** A network without interfaces of its own: nothing to give, nothing to take back. */
class PlainDriver implements Driver {
  readonly kind: DriverKind;
  readonly ownNamespace: boolean;
  readonly subnets: readonly Subnet[] = [];
  readonly options: Readonly<Record<string, string>> = {};

  constructor(kind: DriverKind, ownNamespace: boolean) {
    this.kind = kind;
    this.ownNamespace = ownNamespace;
  }

  reserve(): Attachment {
    return NO_ATTACHMENT;
  }

  connect(): void {}

  disconnect(): void {}

  adopt(): void {}

  async remove(): Promise<void> {}
}

/** What is shown of a network that is not there. */
export interface BrokenNetwork {
  readonly driver: DriverKind;
  readonly settings: {
    readonly subnets: readonly Subnet[];
    readonly options: Readonly<Record<string, string>>;
  };
}

/** A network that could not be made on this host, whose record is kept: containers are refused with the reason. */
class BrokenDriver extends PlainDriver {
  override readonly subnets: readonly Subnet[];
  override readonly options: Readonly<Record<string, string>>;
  readonly #reason: string;

  constructor(network: BrokenNetwork, reason: string) {
    super(network.driver, true);
    this.subnets = network.settings.subnets;
    this.options = network.settings.options;
    this.#reason = reason;
  }

  override reserve(): Attachment {
    throw new Unavailable(`the network could not be set up on this host: ${this.#reason}`);
  }
}

/** Containers share the host's network. */
export const hostDriver = (): Driver => new PlainDriver('host', false);

/** Containers have nothing but a loopback interface. */
export const nullDriver = (): Driver => new PlainDriver('null', true);

/** Nobody can join, for the reason given. */
export const brokenDriver = (network: BrokenNetwork, reason: string): Driver =>
  new BrokenDriver(network, reason);
