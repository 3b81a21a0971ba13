import type { NftElement } from '../../linux/index.ts';

/** What one bridge needs. */
export interface BridgeRules {
  readonly bridge: string;
  /** Whether packets that leave by another interface get the host's address. */
  readonly masquerade: boolean;
  /** Whether nothing passes between the bridge and other interfaces. */
  readonly internal: boolean;
  /** Interfaces from which everything may come in. */
  readonly trusted: readonly string[];
}

/** A port of the host that leads to a container. */
export interface PortRule {
  /** IPPROTO: 6 TCP, 17 UDP, 132 SCTP. */
  readonly protocol: number;
  /** An address of the host; `0.0.0.0` or `::` for all of its family. */
  readonly hostAddress: string;
  readonly hostPort: number;
  /** The container's address, of the same family. */
  readonly address: string;
  readonly port: number;
}

/** An element together with the set or map that it belongs to. */
export interface Placed {
  readonly set: string;
  readonly element: NftElement;
}

/** The elements that stand for a bridge. */
export function bridgeElements({ bridge, masquerade, internal, trusted }: BridgeRules): Placed[] {
  const ifname = { ifname: bridge };
  return [
    { set: 'bridges', element: { key: [ifname] } },
    { set: 'same', element: { key: [ifname, ifname] } },
    ...(internal ? [{ set: 'closed', element: { key: [ifname] } }] : []),
    ...(masquerade ? [{ set: 'masqueraded', element: { key: [ifname] } }] : []),
    ...trusted.map((name) => ({ set: 'trusted', element: { key: [{ ifname: name }, ifname] } })),
    { set: 'into', element: { key: [ifname], goto: internal ? 'closed-bridge' : 'open-bridge' } },
  ];
}

/** The element that stands for a published port. */
export function portElement({ protocol, hostAddress, hostPort, address, port }: PortRule): Placed {
  const any = hostAddress === '0.0.0.0' || hostAddress === '::';
  const family = hostAddress.includes(':') ? 6 : 4;
  return {
    set: `${any ? 'any' : 'at'}${family}`,
    element: {
      key: [{ protocol }, ...(any ? [] : [{ address: hostAddress }]), { port: hostPort }],
      data: [{ address }, { port }],
    },
  };
}

/**
 * The table with these elements, in nft's language. Its chains are always the same; every bridge and every published port
 * is an element, so a packet is sorted with one look-up however many there are, and one more costs the same as the first.
 */
export function renderTable(table: string, elements: readonly Placed[]): string {
  const list = (set: string): string => {
    const texts = elements.filter((it) => it.set === set).map(({ element }) => elementText(element));
    return texts.length === 0 ? '' : `elements = { ${texts.join(', ')} }`;
  };
  return `table inet ${table} {
  set bridges { type ifname; ${list('bridges')} }
  set same { type ifname . ifname; ${list('same')} }
  set closed { type ifname; ${list('closed')} }
  set masqueraded { type ifname; ${list('masqueraded')} }
  set trusted { type ifname . ifname; ${list('trusted')} }
  map into { type ifname : verdict; ${list('into')} }
  map any4 { type inet_proto . inet_service : ipv4_addr . inet_service; ${list('any4')} }
  map at4 { type inet_proto . ipv4_addr . inet_service : ipv4_addr . inet_service; ${list('at4')} }
  map any6 { type inet_proto . inet_service : ipv6_addr . inet_service; ${list('any6')} }
  map at6 { type inet_proto . ipv6_addr . inet_service : ipv6_addr . inet_service; ${list('at6')} }
${CHAINS}}
`;
}

/**
 * - Into a bridge come answers, what was sent to a published port, neighbours (when the kernel shows bridged packets to the
 *   firewall) and trusted interfaces; strangers do not. Nothing but neighbours passes an internal network's bridge.
 * - 127.0.0.0/8 is routed on the bridges, so that the host reaches published ports by it; what comes from a container with
 *   such an address was made by hand and is dropped. From elsewhere such addresses are never translated.
 * - A container that calls a port published by a neighbour, or by itself, must get its answer by way of the host: so the
 *   host's address stands in for its own. Where bridges show their packets to the firewall, such a packet is known by having
 *   no interface that it came in by, though it is not the host's. The same is done for the host's own loopback address.
 * - ::1 cannot leave the host in any way: what is sent to it is for the engine's relay.
 */
const CHAINS = `
  chain open-bridge {
    ct state established,related accept
    iifname @closed drop
    ct status dnat accept
    iifname . oifname @same accept
    iifname . oifname @trusted accept
    drop
  }
  chain closed-bridge {
    iifname . oifname @same accept
    drop
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    oifname vmap @into
    iifname @closed drop
  }
  chain guard {
    type filter hook prerouting priority raw; policy accept;
    iifname @bridges ip daddr 127.0.0.0/8 drop
  }
  chain publish {
    dnat ip to meta l4proto . ip daddr . th dport map @at4
    dnat ip to meta l4proto . th dport map @any4
    dnat ip6 to meta l4proto . ip6 daddr . th dport map @at6
    dnat ip6 to meta l4proto . th dport map @any6
  }
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    ip daddr 127.0.0.0/8 return
    fib daddr type local jump publish
  }
  chain output {
    type nat hook output priority -100; policy accept;
    ip6 daddr ::1 return
    fib daddr type local jump publish
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    iifname @masqueraded oifname != @bridges masquerade
    iifname . oifname @same ct status dnat masquerade
    iif 0 oifname @bridges ct status dnat fib saddr type != local masquerade
    ip saddr 127.0.0.0/8 oifname @bridges masquerade
  }
`;

function elementText({ key, data, goto }: NftElement): string {
  const text = (parts: NftElement['key']) => parts.map(partText).join(' . ');
  if (goto !== undefined) return `${text(key)} : goto ${goto}`;
  return data === undefined ? text(key) : `${text(key)} : ${text(data)}`;
}

function partText(part: NftElement['key'][number]): string {
  if ('ifname' in part) return `"${part.ifname}"`;
  if ('address' in part) return part.address;
  return String('port' in part ? part.port : part.protocol);
}
