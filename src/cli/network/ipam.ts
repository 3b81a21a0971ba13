import { isIP } from 'node:net';
import type { IpamConfig } from '../../client/index.ts';
import { CliError } from '../errors.ts';

export interface IpamFlags {
  readonly subnet: readonly string[];
  readonly gateway: readonly string[];
  readonly 'ip-range': readonly string[];
  readonly 'aux-address': Readonly<Record<string, string>>;
}

/** Puts gateways, ranges and auxiliary addresses with the subnets that they belong to. Throws CliError, as docker does. */
export function buildIpam(flags: IpamFlags): IpamConfig[] {
  const { subnet, gateway, 'ip-range': ranges, 'aux-address': auxiliary } = flags;
  if (subnet.length < ranges.length || subnet.length < gateway.length) {
    throw new CliError('every ip-range or gateway must have a corresponding subnet');
  }
  const configs = new Map<string, { -readonly [Key in keyof IpamConfig]: IpamConfig[Key] }>();
  for (const text of subnet) {
    for (const other of configs.keys()) {
      if (holds(other, text) || holds(text, other)) {
        throw new CliError('multiple overlapping subnet configuration is not supported');
      }
    }
    configs.set(text, { Subnet: text });
  }
  const owner = (address: string, what: string) => {
    const found = [...configs].find(([text]) => holds(text, address));
    if (found === undefined) throw new CliError(`no matching subnet for ${what} ${address}`);
    return found[1];
  };
  for (const range of ranges) {
    const config = owner(range, 'range');
    if (config.IPRange) {
      throw new CliError(
        `cannot configure multiple ranges (${range}, ${config.IPRange}) on the same subnet (${config.Subnet})`,
      );
    }
    config.IPRange = range;
  }
  for (const address of gateway) {
    const config = owner(address, 'gateway');
    if (config.Gateway) {
      throw new CliError(
        `cannot configure multiple gateways (${address}, ${config.Gateway}) for the same subnet (${config.Subnet})`,
      );
    }
    config.Gateway = address;
  }
  for (const [name, address] of Object.entries(auxiliary)) {
    const config = owner(address, 'aux-address');
    config.AuxiliaryAddresses = { ...config.AuxiliaryAddresses, [name]: address };
  }
  return [...configs.values()];
}

/** Whether an address, or the beginning of a range, lies in a subnet. Throws CliError for what is none. */
function holds(subnet: string, address: string): boolean {
  const [base = '', prefix = ''] = subnet.split('/');
  const [candidate = ''] = address.split('/');
  if (isIP(base) === 0 || !/^\d{1,3}$/.test(prefix)) throw new CliError(`invalid CIDR address: ${subnet}`);
  if (isIP(candidate) === 0) throw new CliError(`invalid address: ${address}`);
  if (isIP(base) !== isIP(candidate)) return false;
  const length = isIP(base) === 4 ? 32 : 128;
  const host = BigInt(Math.max(length - Number(prefix), 0));
  return numberOf(base) >> host === numberOf(candidate) >> host;
}

function numberOf(address: string): bigint {
  if (!address.includes(':')) {
    return address.split('.').reduce((total, part) => (total << 8n) | BigInt(part), 0n);
  }
  const [left = '', right] = address.split('::');
  const head = groups(left);
  const tail = groups(right ?? '');
  const middle = new Array<bigint>(Math.max(8 - head.length - tail.length, 0)).fill(0n);
  return [...head, ...middle, ...tail].reduce((total, group) => (total << 16n) | group, 0n);
}

/** The 16-bit groups of half an IPv6 address, which may end in an IPv4 one. */
function groups(text: string): bigint[] {
  return text
    .split(':')
    .filter(Boolean)
    .flatMap((group) => {
      if (!group.includes('.')) return [BigInt(`0x${group}`)];
      const value = numberOf(group);
      return [value >> 16n, value & 0xffffn];
    });
}
