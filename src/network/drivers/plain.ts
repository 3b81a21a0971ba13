import { type Attachment, type Driver, type DriverKind, NO_ATTACHMENT } from './driver.ts';

/** A network without interfaces of its own: nothing to give, nothing to take back. */
class PlainDriver implements Driver {
  readonly kind: DriverKind;
  readonly ownNamespace: boolean;
  readonly subnets = [];
  readonly options = {};

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

/** Containers share the host's network. */
export const hostDriver = (): Driver => new PlainDriver('host', false);

/** Containers have nothing but a loopback interface. */
export const nullDriver = (): Driver => new PlainDriver('null', true);
