import { InvalidArgument } from '../../api/index.ts';
import {
  AddressSpace,
  BridgeDriver,
  formatCidr,
  type HostStack,
  hostNameservers,
  openBridge,
  parseInterface,
  uplinkMtu,
} from '../../network/index.ts';
import { CONFIG_DEFAULTS, type EngineConfig, type EngineIdentity } from '../config.ts';

/** `--bridge none`. */
export const NO_BRIDGE = 'none';

/**
 * Opens the bridge that containers join when they name no network. A name of the user's own without an address means a
 * bridge that exists and is used as it is; any other is made. Throws Conflict, InvalidArgument, SyscallError.
 */
export function openDefaultBridge(stack: HostStack, config: EngineConfig): BridgeDriver {
  if (!/^[\w.-]{1,15}$/.test(config.bridge)) {
    throw new InvalidArgument(
      `invalid name of a bridge: ${config.bridge}: at most 15 letters, digits, . _ -`,
    );
  }
  const mtu = config.mtu === 0 ? uplinkMtu(stack.netlink) : config.mtu;
  const bridge = openBridge(stack, {
    name: config.bridge,
    address: config.bip,
    pools: config.defaultAddressPools,
    mtu,
    foreign: config.bip === undefined && config.bridge !== bridgeOf(config.identity),
    nameservers: hostNameservers(),
  });
  return new BridgeDriver(stack, bridge, addressesOf(bridge.address, config), {
    mtu,
    icc: config.icc,
    masquerade: config.ipMasq,
    internal: false,
    trusted: [],
    hostBinding: config.ip,
    shown: {
      'com.docker.network.bridge.default_bridge': 'true',
      'com.docker.network.bridge.enable_icc': String(config.icc),
      'com.docker.network.bridge.enable_ip_masquerade': String(config.ipMasq),
      'com.docker.network.bridge.host_binding_ipv4': config.ip,
      'com.docker.network.bridge.name': bridge.name,
      'com.docker.network.driver.mtu': String(mtu),
    },
  });
}

/** Throws InvalidArgument when range or gateway do not lie in the bridge's subnet. */
function addressesOf(address: string, { fixedCidr, defaultGateway }: EngineConfig): AddressSpace {
  const own = address.slice(0, address.indexOf('/'));
  const space = new AddressSpace([
    {
      subnet: formatCidr(parseInterface(address).subnet),
      gateway: defaultGateway ?? own,
      ...(fixedCidr !== undefined && { range: fixedCidr }),
    },
  ]);
  space.hold(own);
  return space;
}

/** The bridge's name when the user chose none. */
function bridgeOf({ suffix }: EngineIdentity): string {
  return suffix === '' ? CONFIG_DEFAULTS.bridge : `berth-${suffix}`;
}
