import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listAddresses, Netlink } from '../../src/linux/index.ts';

/** Everything that keeps a test's engine apart from every other engine on the machine. */
export interface Identity {
  /** A fresh folder that holds the data root, the exec root, the log and the client's configuration. */
  readonly root: string;
  readonly dataRoot: string;
  readonly execRoot: string;
  readonly socket: string;
  /** The default bridge's interface. */
  readonly bridge: string;
  /** Its address and subnet, a /24 that no interface has. */
  readonly bip: string;
  /** A range that no other engine has, for networks that name no subnet: CIDR, to be cut into /28s. */
  readonly pool: string;
  readonly cgroupParent: string;
}

let made = 0;

export function newIdentity(): Identity {
  const root = mkdtempSync(join(tmpdir(), 'berth-test-'));
  const execRoot = join(root, 'run');
  const name = randomBytes(4).toString('hex');
  const subnet = freeSubnet();
  return {
    root,
    dataRoot: join(root, 'data'),
    execRoot,
    socket: join(execRoot, 'berth.sock'),
    bridge: `bt-${name}`,
    bip: `10.${subnet}.1/24`,
    pool: `10.${128 + (process.pid % 64)}.${((process.pid >> 6) + made) % 256}.0/24`,
    cgroupParent: `/berth-test-${name}`,
  };
}

/** `A.B` of a free 10.A.B.0/24. Test files run in processes of their own, whose pids keep their choices apart. */
function freeSubnet(): string {
  // Also those of bridges that are down, which Node does not tell of.
  using netlink = new Netlink();
  const taken = listAddresses(netlink).map(({ address }) => address);
  for (;;) {
    const number = (process.pid * 8 + made++) % (56 * 256);
    const subnet = `${200 + Math.floor(number / 256)}.${number % 256}`;
    if (!taken.some((address) => address.startsWith(`10.${subnet}.`))) return subnet;
  }
}
