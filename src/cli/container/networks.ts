import type { EndpointSettings } from '../../client/index.ts';
import { CliError } from '../errors.ts';
import { readInt } from '../flags.ts';
import { keyValue, splitCsv } from './csv.ts';
import type { ContainerValues } from './flags.ts';

/** One `--network`: a name alone, or `name=...,alias=...` with settings of the endpoint. */
export interface NetworkAttachment {
  name: string;
  aliases: string[];
  driverOpts: Record<string, string>;
  links: string[];
  linkLocalIps: string[];
  ip?: string;
  ip6?: string;
  mac?: string;
  gwPriority: number;
}

/** Reads `--network`. Throws Error. */
export function parseNetwork(text: string): NetworkAttachment {
  const attachment: NetworkAttachment = {
    name: '',
    aliases: [],
    driverOpts: {},
    links: [],
    linkLocalIps: [],
    gwPriority: 0,
  };
  const plain = !text.includes('=');
  if (plain) {
    attachment.name = text;
    return attachment;
  }
  for (const field of splitCsv(text)) {
    const [name, value] = keyValue(field.trim());
    if (value === undefined) throw new Error(`invalid field ${field}`);
    setField(attachment, name.trim().toLowerCase(), value.trim());
  }
  if (attachment.name === '') throw new Error('network name/id is not specified');
  return attachment;
}

function setField(attachment: NetworkAttachment, key: string, value: string): void {
  switch (key) {
    case 'name':
      attachment.name = value;
      return;
    case 'alias':
      attachment.aliases.push(value);
      return;
    case 'ip':
      attachment.ip = value;
      return;
    case 'ip6':
      attachment.ip6 = value;
      return;
    case 'link-local-ip':
      attachment.linkLocalIps.push(value);
      return;
    case 'mac-address':
      attachment.mac = checkMac(value);
      return;
    case 'driver-opt': {
      const [option, setting] = keyValue(value);
      if (setting === undefined) throw new Error('invalid key value pair format in driver options');
      attachment.driverOpts[option.trim().toLowerCase()] = setting.trim();
      return;
    }
    case 'gw-priority':
      attachment.gwPriority = readInt(value);
      return;
    default:
      throw new Error(`invalid field key ${key}`);
  }
}

function checkMac(text: string): string {
  if (
    !/^([0-9a-fA-F]{2}([:-])[0-9a-fA-F]{2}(\2[0-9a-fA-F]{2}){4})$|^([0-9a-fA-F]{4}\.){2}[0-9a-fA-F]{4}$/.test(
      text,
    )
  ) {
    throw new Error(`${text} is not a valid mac address`);
  }
  return text;
}

/** The network mode, and the endpoint of each network that the container joins. */
export function buildNetworking(values: ContainerValues): {
  mode: string;
  endpoints: Record<string, EndpointSettings>;
} {
  const attachments = [...values.net, ...values.network].map((attachment) => ({ ...attachment }));
  const aliases = [...values['net-alias'], ...values['network-alias']];
  if (values['mac-address']) checkGivenMac(values['mac-address']);
  if (attachments.length === 0) attachments.push(parseNetwork('default'));
  for (const [index, attachment] of attachments.entries()) applyShortcuts(attachment, index, values, aliases);

  const mode = attachments[0]!.name;
  if (attachments.length > 1 && attachments.some(({ name }) => sharesStack(name))) {
    throw new CliError(
      'conflicting options: cannot attach both user-defined and non-user-defined network-modes',
      125,
    );
  }
  const endpoints: Record<string, EndpointSettings> = {};
  for (const attachment of attachments) {
    if (attachment.name in endpoints)
      throw new CliError(`network "${attachment.name}" is specified multiple times`, 125);
    endpoints[attachment.name] = endpointOf(attachment);
  }
  if (sharesStack(mode)) delete endpoints[mode];
  return { mode, endpoints };
}

/** No network of its own, hence no endpoint to configure. */
function sharesStack(name: string): boolean {
  return name === 'host' || name === 'none' || name.startsWith('container:');
}

function checkGivenMac(text: string): void {
  try {
    checkMac(text.trim());
  } catch (error) {
    throw new CliError((error as Error).message, 125);
  }
}

/** The flags that say something of "the" network mean the first one, unless it says the same itself. */
function applyShortcuts(
  attachment: NetworkAttachment,
  index: number,
  values: ContainerValues,
  aliases: readonly string[],
): void {
  const { ip, ip6, link, 'link-local-ip': linkLocal, 'mac-address': mac } = values;
  const first = index === 0;
  const only = (given: boolean, own: boolean, flag: string, field: string): void => {
    if (first && given && own)
      throw new CliError(`conflicting options: cannot specify both ${flag} and ${field}`, 125);
  };
  only(aliases.length > 0, attachment.aliases.length > 0, '--network-alias', 'per-network alias');
  only(ip !== '', attachment.ip !== undefined, '--ip', 'per-network IPv4 address');
  only(ip6 !== '', attachment.ip6 !== undefined, '--ip6', 'per-network IPv6 address');
  only(
    linkLocal.length > 0,
    attachment.linkLocalIps.length > 0,
    '--link-local-ip',
    'per-network link-local IP addresses',
  );
  only(mac !== '', attachment.mac !== undefined, '--mac-address', 'per-network MAC address');
  if (first) {
    attachment.aliases = [...attachment.aliases, ...aliases];
    attachment.links = [...link];
    attachment.linkLocalIps = [...attachment.linkLocalIps, ...linkLocal];
    if (ip) attachment.ip = ip;
    if (ip6) attachment.ip6 = ip6;
    if (mac) attachment.mac = mac.trim();
  }
  if (attachment.aliases.length > 0 && !isUserDefined(attachment.name)) {
    throw new CliError('network-scoped aliases are only supported for user-defined networks', 125);
  }
}

function isUserDefined(name: string): boolean {
  return !['default', 'bridge', 'host', 'none', 'nat'].includes(name) && !name.startsWith('container:');
}

function endpointOf(attachment: NetworkAttachment): EndpointSettings {
  const { ip, ip6, linkLocalIps, aliases, driverOpts, links, mac, gwPriority } = attachment;
  const ipam = {
    ...(ip ? { IPv4Address: ip } : {}),
    ...(ip6 ? { IPv6Address: ip6 } : {}),
    ...(linkLocalIps.length > 0 ? { LinkLocalIPs: linkLocalIps } : {}),
  };
  return {
    IPAMConfig: Object.keys(ipam).length > 0 ? ipam : null,
    // Links of the default bridge belong to the host configuration alone.
    Links: links.length > 0 && isUserDefined(attachment.name) ? links : null,
    Aliases: aliases.length > 0 ? aliases : null,
    MacAddress: mac ?? '',
    DriverOpts: Object.keys(driverOpts).length > 0 ? driverOpts : null,
    GwPriority: gwPriority,
  };
}
