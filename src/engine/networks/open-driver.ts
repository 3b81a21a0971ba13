import {
  AddressSpace,
  BridgeDriver,
  type Driver,
  enableForwarding6,
  type HostStack,
  nullDriver,
  openOwnBridge,
  ParentLink,
  parseCidr,
  StackedDriver,
} from '../../network/index.ts';
import type { EngineConfig } from '../config.ts';
import { bridgeNameOf, bridgeOptions } from './bridge-options.ts';
import { stackingOf } from './stacked-options.ts';
import type { NetworkRecord } from './store.ts';

/**
 * Makes on the host what a network of the user's own needs, exactly as its record says, whatever is there already. Throws
 * Conflict, InvalidArgument, SyscallError.
 */
export function openDriver(stack: HostStack, record: NetworkRecord, config: EngineConfig): Driver {
  if (record.settings.configOnly) return nullDriver();
  const { driver } = record;
  if (driver === 'macvlan' || driver === 'ipvlan') return openStackedNetwork(stack, record, driver);
  return openBridgeNetwork(stack, record, config);
}

function openBridgeNetwork(stack: HostStack, record: NetworkRecord, config: EngineConfig): BridgeDriver {
  const { subnets, ipv6, internal } = record.settings;
  const options = bridgeOptions(record, config);
  const space = new AddressSpace(subnets);
  const addresses = subnets.flatMap(({ subnet, gateway }) =>
    gateway === undefined ? [] : [`${gateway}/${parseCidr(subnet).prefixLength}`],
  );
  const bridge = openOwnBridge(stack, {
    name: bridgeNameOf(record),
    networkId: record.id,
    addresses,
    mtu: options.mtu,
  });
  if (ipv6 && !internal && config.ipForward) enableForwarding6(stack.netlink);
  return new BridgeDriver(stack, bridge, space, options);
}

function openStackedNetwork(
  stack: HostStack,
  { id, settings }: NetworkRecord,
  driver: 'macvlan' | 'ipvlan',
): StackedDriver {
  const { subnets, internal, options } = settings;
  const { stacking, mtu, parent } = stackingOf(driver, options);
  // An internal network must not reach the parent's link.
  const link = ParentLink.open(stack, internal ? undefined : parent, id);
  return new StackedDriver(stack, link, new AddressSpace(subnets), {
    stacking,
    mtu,
    internal,
    shown: options,
  });
}
