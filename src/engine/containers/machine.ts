import { readFileSync } from 'node:fs';
import type { HostConfig } from '../../api/index.ts';
import { type HardLimits, rlimits } from '../../runtime/index.ts';

const LIMIT_NAMES: Readonly<Record<string, string>> = {
  'Max cpu time': 'cpu',
  'Max file size': 'fsize',
  'Max data size': 'data',
  'Max stack size': 'stack',
  'Max core file size': 'core',
  'Max resident set': 'rss',
  'Max processes': 'nproc',
  'Max open files': 'nofile',
  'Max locked memory': 'memlock',
  'Max address space': 'as',
  'Max file locks': 'locks',
  'Max pending signals': 'sigpending',
  'Max msgqueue size': 'msgqueue',
  'Max nice priority': 'nice',
  'Max realtime priority': 'rtprio',
  'Max realtime timeout': 'rttime',
};

const CAP_SYS_RESOURCE = 24n;

/**
 * The engine's own hard limits, proc_pid_limits(5): the most it can give to a container. Empty when it may raise them
 * (CAP_SYS_RESOURCE), for then nothing stands in the way.
 */
export function engineHardLimits(): HardLimits {
  if (mayRaiseLimits()) return new Map();
  const limits = new Map<string, number>();
  for (const line of readFileSync('/proc/self/limits', 'utf8').split('\n')) {
    const match = /^(.+?)\s{2,}(\S+)\s+(\S+)/.exec(line);
    const name = LIMIT_NAMES[match?.[1] ?? ''];
    if (name !== undefined) limits.set(name, match?.[3] === 'unlimited' ? Infinity : Number(match?.[3]));
  }
  return limits;
}

/** Whether the engine may go beyond its hard limits, and below its own OOM score. */
export function mayRaiseLimits(): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  return ((BigInt(`0x${effective}`) >> CAP_SYS_RESOURCE) & 1n) === 1n;
}

const LEAST_OOM_SCORE = -1000;

/** The lowest OOM score, proc_pid_oom_score_adj(5), that the engine may give: its own, unless it has CAP_SYS_RESOURCE. */
export function lowestOomScore(): number {
  return mayRaiseLimits() ? LEAST_OOM_SCORE : Number(readFileSync('/proc/self/oom_score_adj', 'utf8'));
}

/** What of a container's limits the engine has not the privilege to give, a sentence each: they are lowered as far as it may. */
export function beyondReach(
  own: { readonly hardLimits: HardLimits; readonly lowestOomScore: number },
  host: HostConfig,
): string[] {
  const warnings: string[] = [];
  rlimits(host.Ulimits, own.hardLimits, (message) => warnings.push(message));
  if (host.OomScoreAdj < own.lowestOomScore) {
    warnings.push(
      `OOM score raised to ${own.lowestOomScore}: the engine has not the privilege (CAP_SYS_RESOURCE) to give less than its own`,
    );
  }
  return warnings;
}
