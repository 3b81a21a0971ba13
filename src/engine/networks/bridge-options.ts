import { isIP } from 'node:net';
import { InvalidArgument, isTrue, NotImplemented } from '../../api/index.ts';
import type { BridgeOptions } from '../../network/index.ts';
import type { EngineConfig } from '../config.ts';
import type { NetworkRecord } from './store.ts';

const BRIDGE = 'com.docker.network.bridge.';
const NAME = `${BRIDGE}name`;
const ICC = `${BRIDGE}enable_icc`;
const MASQUERADE = `${BRIDGE}enable_ip_masquerade`;
const HOST_BINDING = `${BRIDGE}host_binding_ipv4`;
const TRUSTED = `${BRIDGE}trusted_host_interfaces`;
const MTU = 'com.docker.network.driver.mtu';
const GATEWAY_MODES = [`${BRIDGE}gateway_mode_ipv4`, `${BRIDGE}gateway_mode_ipv6`];

/** Throws InvalidArgument for an option of a bridge that has no such value, NotImplemented for a mode that there is not. */
export function checkBridgeOptions(options: Readonly<Record<string, string>>): void {
  const name = options[NAME];
  if (name !== undefined && !/^[\w.-]{1,15}$/.test(name)) {
    throw new InvalidArgument(`invalid name of a bridge: ${name}: at most 15 letters, digits, . _ -`);
  }
  for (const key of [ICC, MASQUERADE]) {
    const value = options[key];
    if (value !== undefined && !/^(1|0|t|f|true|false)$/i.test(value)) {
      throw new InvalidArgument(`failed to parse ${key} value: "${value}": true or false is expected`);
    }
  }
  const mtu = options[MTU];
  if (mtu !== undefined && !(Number.isInteger(Number(mtu)) && Number(mtu) >= 0)) {
    throw new InvalidArgument(`invalid value for the option ${MTU}: ${mtu}`);
  }
  const binding = options[HOST_BINDING];
  if (binding !== undefined && isIP(binding) !== 4) {
    throw new InvalidArgument(`invalid IP address in the option ${HOST_BINDING}: ${binding}`);
  }
  for (const key of GATEWAY_MODES) {
    if (!['', 'nat', undefined].includes(options[key])) {
      throw new NotImplemented(`the option ${key}=${options[key]} is not supported: leave it out`);
    }
  }
}

/** The name of the interface of a network's bridge. */
export function bridgeNameOf({ id, settings }: NetworkRecord): string {
  return settings.options[NAME] || `br-${id.slice(0, 12)}`;
}

/** What the options of a network mean to its bridge. */
export function bridgeOptions({ settings }: NetworkRecord, config: EngineConfig): BridgeOptions {
  const { options } = settings;
  const flag = (key: string) => isTrueText(options[key] ?? 'true');
  return {
    mtu: Number(options[MTU] ?? 0) || config.mtu || 1500,
    icc: flag(ICC),
    masquerade: flag(MASQUERADE),
    internal: settings.internal,
    trusted: (options[TRUSTED] ?? '').split(':').filter(Boolean),
    hostBinding: options[HOST_BINDING] ?? config.ip,
    shown: options,
  };
}

function isTrueText(text: string): boolean {
  return isTrue(text) && !/^f(alse)?$/i.test(text);
}
