import { readFileSync } from 'node:fs';
import { InvalidArgument } from '../../api/index.ts';
import { BridgeDriver, type HostStack, openBridge, parseResolvConf, uplinkMtu } from '../../network/index.ts';
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
  return new BridgeDriver(stack, bridge, {
    mtu,
    icc: config.icc,
    masquerade: config.ipMasq,
    range: config.fixedCidr,
    gateway: config.defaultGateway,
    isDefault: true,
    hostBinding: config.ip,
  });
}

/** The bridge's name when the user chose none. */
function bridgeOf({ suffix }: EngineIdentity): string {
  return suffix === '' ? CONFIG_DEFAULTS.bridge : `berth-${suffix}`;
}

function hostNameservers(): readonly string[] {
  try {
    const { nameservers } = parseResolvConf(readFileSync('/etc/resolv.conf', 'utf8'));
    return nameservers.filter((server) => !server.includes(':'));
  } catch {
    return [];
  }
}
