import { InvalidArgument } from '../../../api/index.ts';
import { LOCAL_DRIVER } from '../../volumes/index.ts';
import { normalise } from './point.ts';
import type { WantedMount } from './wanted.ts';

export const PROPAGATIONS = ['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave'];
/** Words of which one at most may stand in a mode. Labels are SELinux's and consistency is of other systems: neither does anything. */
const MODE_WORDS = [
  ['ro', 'rw'],
  PROPAGATIONS,
  ['z', 'Z'],
  ['nocopy'],
  ['consistent', 'cached', 'delegated', 'default'],
];

/** Reads a value of `--volume`, `[source:]target[:mode]`. `driver` is that of volumes. Throws InvalidArgument. */
export function parseVolume(text: string, driver: string): WantedMount {
  const invalid = (why?: string) =>
    new InvalidArgument(`invalid volume specification: '${text}'${why === undefined ? '' : `: ${why}`}`);
  const parts = text.split(':');
  if (parts.length > 3 || parts[0] === '') throw invalid();
  // A lone path is a volume without a name; a lone path cannot have a mode.
  const [source, target, mode] = parts.length === 1 ? ['', parts[0]!, ''] : [parts[0]!, parts[1]!, parts[2]];
  if (target === '' || (parts.length === 2 && isMode(target))) throw invalid();
  const words = (mode ?? '').split(',').filter(Boolean);
  if (!isMode(mode ?? '')) throw new InvalidArgument(`invalid mode: ${mode}`);
  const type = source.startsWith('/') ? 'bind' : 'volume';
  const wrong = (why: string) => invalid(`invalid mount config for type "${type}": ${why}`);
  if (!target.startsWith('/')) throw wrong(`invalid mount path: '${target}' mount path must be absolute`);
  if (normalise(target) === '/') throw wrong("invalid specification: destination can't be '/'");
  const common = { target: normalise(target), readonly: words.includes('ro'), mode: mode ?? '', options: [] };
  const propagation = words.find((word) => PROPAGATIONS.includes(word));
  if (type === 'bind') {
    if (words.includes('nocopy')) throw wrong('field VolumeOptions must not be specified');
    const bind = { createSource: true, flat: false, below: 'readonly' } as const;
    return {
      point: { ...common, type, source: normalise(source), propagation: propagation ?? 'rprivate', bind },
    };
  }
  if (propagation !== undefined) throw wrong('field BindOptions must not be specified');
  const volume = { name: source, anonymous: source === '', subpath: '', copyUp: !words.includes('nocopy') };
  return {
    point: { ...common, type, source: '', propagation: '', volume },
    wish: { name: source, driver: driver || LOCAL_DRIVER, options: {}, labels: {} },
  };
}

/** Whether it is a list of words of which no two contradict each other. */
function isMode(text: string): boolean {
  const words = text.split(',').filter(Boolean);
  return (
    words.every((word) => MODE_WORDS.some((group) => group.includes(word))) &&
    MODE_WORDS.every((group) => words.filter((word) => group.includes(word)).length <= 1)
  );
}
