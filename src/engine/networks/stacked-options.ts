import { InvalidArgument } from '../../api/index.ts';
import { IPVLAN_FLAGS, IPVLAN_MODES, MACVLAN_MODES, type Stacking } from '../../network/index.ts';

const MTU = 'com.docker.network.driver.mtu';

/** What the options of a macvlan or ipvlan network mean. Throws InvalidArgument for a mode that there is not. */
export function stackingOf(
  kind: 'macvlan' | 'ipvlan',
  options: Readonly<Record<string, string>>,
): { readonly stacking: Stacking; readonly mtu: number; readonly parent: string | undefined } {
  const mtu = Number(options[MTU] ?? 0);
  if (!Number.isInteger(mtu) || mtu < 0) {
    throw new InvalidArgument(`invalid value for the option ${MTU}: ${options[MTU]}`);
  }
  const parent = options['parent'] || undefined;
  if (kind === 'macvlan') {
    const mode = chosen(options, 'macvlan_mode', MACVLAN_MODES, 'bridge');
    return { stacking: { kind, mode }, mtu, parent };
  }
  const mode = chosen(options, 'ipvlan_mode', IPVLAN_MODES, 'l2');
  const flag = chosen(options, 'ipvlan_flag', IPVLAN_FLAGS, 'bridge');
  return { stacking: { kind, mode, flag }, mtu, parent };
}

function chosen<Name extends string>(
  options: Readonly<Record<string, string>>,
  key: string,
  names: Readonly<Record<Name, number>>,
  fallback: Name,
): Name {
  const value = options[key] || fallback;
  if (!Object.hasOwn(names, value)) {
    throw new InvalidArgument(
      `requested ${key} '${value}' is not valid: use one of ${Object.keys(names).join(', ')}`,
    );
  }
  return value as Name;
}
