import type { Kind } from './kinds.ts';
import * as kinds from './kinds.ts';

/** An option of dockerd that this engine has no use for, and what becomes of it. */
export interface ForeignOption {
  readonly flag: string | undefined;
  readonly short?: string;
  readonly key: string | undefined;
  readonly kind: Kind<unknown>;
  /** Undefined: any value is accepted, as it makes no difference. Else why a value outside `accepts` is refused. */
  readonly refusal: string | undefined;
  /** Values that ask for what the engine does anyway. */
  accepts(value: unknown): boolean;
}

type Names = { short?: string; key?: string };

function ignored(flag: string, kind: Kind<unknown>, names: Names = {}): ForeignOption {
  return { flag, key: flag, ...names, kind, refusal: undefined, accepts: () => true };
}

function refused(
  flag: string,
  kind: Kind<unknown>,
  refusal: string,
  except: unknown[],
  names: Names = {},
): ForeignOption {
  return { flag, key: flag, ...names, kind, refusal, accepts: (value) => except.includes(value) };
}

const isEmpty = (value: unknown) =>
  typeof value === 'object' && value !== null && Object.keys(value).length === 0;

/**
 * Every other option of dockerd. The first group changes nothing that can be seen here, so that configurations written for
 * dockerd go on working; the second asks for something that the engine does not do, and is refused.
 */
export const FOREIGN_OPTIONS: readonly ForeignOption[] = [
  // There is no containerd.
  ignored('containerd', kinds.string),
  ignored('containerd-namespace', kinds.string),
  ignored('containerd-plugins-namespace', kinds.string),
  // Containers always outlive the engine.
  ignored('live-restore', kinds.boolean),
  // The kernel does what the proxy was for.
  ignored('userland-proxy', kinds.boolean),
  ignored('userland-proxy-path', kinds.string),
  // The log has no colours to leave out.
  ignored('raw-logs', kinds.boolean),
  // Swarms and what is only for them.
  ignored('swarm-default-advertise-addr', kinds.string),
  ignored('network-control-plane-mtu', kinds.integer),
  ignored('node-generic-resource', kinds.list, { key: 'node-generic-resources' }),
  // Without effect in dockerd too.
  ignored('allow-nondistributable-artifacts', kinds.list),
  // The engine never sets the policy of the forward chain.
  ignored('ip-forward-no-drop', kinds.boolean),
  // There is no IPv6 in the networks to filter.
  ignored('ip6tables', kinds.boolean),
  { flag: undefined, key: 'builder', kind: kinds.anything, refusal: undefined, accepts: () => true },

  refused('selinux-enabled', kinds.boolean, 'SELinux is not supported', [false]),
  refused('rootless', kinds.boolean, 'the engine runs as root', [false]),
  refused('userns-remap', kinds.string, 'user namespaces are not supported yet', ['']),
  refused('storage-driver', kinds.string, 'layers are always stored for overlayfs', ['', 'overlay2'], {
    short: 's',
  }),
  {
    ...refused('storage-opt', kinds.list, 'the layer store has no options', [], { key: 'storage-opts' }),
    accepts: isEmpty,
  },
  {
    ...refused('exec-opt', kinds.list, 'cgroups are always managed through cgroupfs', [], {
      key: 'exec-opts',
    }),
    accepts: (value) => (value as string[]).every((item) => item === 'native.cgroupdriver=cgroupfs'),
  },
  refused('ipv6', kinds.boolean, 'IPv6 is not supported yet', [false]),
  refused('fixed-cidr-v6', kinds.string, 'IPv6 is not supported yet', ['']),
  refused('default-gateway-v6', kinds.string, 'IPv6 is not supported yet', ['']),
  refused('firewall-backend', kinds.string, 'rules are always written for nftables', ['', 'nftables']),
  refused('allow-direct-routing', kinds.boolean, 'it is not supported yet', [false]),
  refused('bridge-accept-fwmark', kinds.string, 'it is not supported yet', ['']),
  {
    ...refused('default-network-opt', kinds.anything, 'it is not supported yet', [], {
      key: 'default-network-opts',
    }),
    accepts: isEmpty,
  },
  {
    ...refused('authorization-plugin', kinds.list, 'plugins are not supported', [], {
      key: 'authorization-plugins',
    }),
    accepts: isEmpty,
  },
  refused('metrics-addr', kinds.string, 'it is not supported yet', ['']),
  refused('api-cors-header', kinds.string, 'put a proxy before the API instead', ['']),
  refused('min-api-version', kinds.string, 'the oldest version is always 1.24', ['', '1.24']),
  refused('cpu-rt-period', kinds.integer, 'real-time scheduling is not supported', [0]),
  refused('cpu-rt-runtime', kinds.integer, 'real-time scheduling is not supported', [0]),
  refused('oom-score-adjust', kinds.integer, 'set OOMScoreAdjust= in the unit of the service instead', [0]),
  {
    ...refused('', kinds.integer, 'it is not supported', [0]),
    flag: undefined,
    key: 'network-diagnostic-port',
  },
  {
    ...refused('', kinds.map, 'give --http-proxy, --https-proxy and --no-proxy instead', []),
    flag: undefined,
    key: 'proxies',
    accepts: isEmpty,
  },
];
