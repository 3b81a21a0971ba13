import { parseArgs } from 'node:util';
import { median } from './measure.ts';
import { Client, newBlobs, rate } from './registry-load.ts';
import { berthRegistry, dockerRegistry, type Side } from './registry-sides.ts';

/**
 * Berth's registry beside Debian's docker-registry: the same requests to both, in turn, in one run.
 *
 *     node_modules/.bin/node bench/registry.ts [--rounds 7] [--blobs 200]
 *
 * Goal: at least 0.8 of the other's requests a second, and memory that does not grow with what has passed.
 */
const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '7' }, blobs: { type: 'string', default: '200' } },
});
const rounds = Number(values.rounds);
const count = Number(values.blobs);
const IN_FLIGHT = 16;
const SIZE = 1 << 20;
const GOAL = 0.8;

await using docker = await dockerRegistry();
await using berth = await berthRegistry();
const sides = [docker, berth];
const pushed = new Map<Side, number[]>(sides.map((side) => [side, []]));
const pulled = new Map<Side, number[]>(sides.map((side) => [side, []]));
const memory = new Map<Side, number[]>(sides.map((side) => [side, []]));

for (let round = 0; round <= rounds; round++) {
  for (const side of sides) {
    using client = new Client(side);
    const blobs = newBlobs(count, SIZE);
    const push = await rate(blobs, IN_FLIGHT, (blob) => client.push(blob));
    const pull = await rate([...blobs, ...blobs], IN_FLIGHT, (blob) => client.pull(blob));
    memory.get(side)!.push(side.memory('VmRSS'));
    if (round === 0) continue;
    pushed.get(side)!.push(push);
    pulled.get(side)!.push(pull);
  }
}

console.log(`1 MB blobs, ${IN_FLIGHT} in flight, medians of ${rounds} rounds of ${count}`);
line('push, blobs/s', pushed);
line('pull, blobs/s', pulled);
for (const side of sides) {
  const grown = memory.get(side)!.map((it) => it.toFixed(0));
  console.log(
    `${side.name}: resident MB after each round: ${grown.join(' ')}; at most ${side.memory('VmHWM').toFixed(0)}`,
  );
}

function line(what: string, found: ReadonlyMap<Side, readonly number[]>): void {
  const [theirs, ours] = sides.map((side) => median(found.get(side)!));
  const ratio = ours! / theirs!;
  const verdict = ratio >= GOAL ? 'met' : 'missed';
  console.log(
    `${what}: docker-registry ${theirs!.toFixed(0)}, Berth ${ours!.toFixed(0)}, ratio ${ratio.toFixed(2)} (goal ${GOAL}: ${verdict})`,
  );
}
