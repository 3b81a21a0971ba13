import { constants } from 'node:os';
import { InvalidArgument } from '../../api/index.ts';

const SIGRTMIN = 34;
const SIGRTMAX = 64;

/** A signal's number from `SIGTERM`, `term`, `15`, `RTMIN+3` ... Throws InvalidArgument. */
export function parseSignal(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text)) {
    if (number >= 1 && number <= SIGRTMAX) return number;
    throw new InvalidArgument(`invalid signal: ${text}`);
  }
  const name = text.toUpperCase().replace(/^SIG/, '');
  const known = (constants.signals as Record<string, number>)[`SIG${name}`];
  if (known !== undefined) return known;
  const realtime = /^RT(MIN|MAX)(?:([+-])(\d+))?$/.exec(name);
  if (realtime !== null) {
    const base = realtime[1] === 'MIN' ? SIGRTMIN : SIGRTMAX;
    const value = base + Number(`${realtime[2] ?? '+'}${realtime[3] ?? 0}`);
    if (value >= SIGRTMIN && value <= SIGRTMAX) return value;
  }
  throw new InvalidArgument(`invalid signal: ${text}`);
}
