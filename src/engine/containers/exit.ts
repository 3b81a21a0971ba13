import { formatTime, messageOf } from '../../api/index.ts';
import { unmountRootfs } from '../../layers/index.ts';
import { oomKills } from '../../linux/index.ts';
import { deleteContainer, type Exit } from '../../runtime/index.ts';
import type { Container } from './container.ts';
import type { ContainerParts } from './parts.ts';
import { isRunning } from './record.ts';

const NANOS_PER_MILLI = 1_000_000n;

/**
 * Takes note that a container's process has ended, and takes away what it held: cgroup, mounts, addresses. Must hold the
 * container's lock. An exit that is known already is no error.
 */
export async function takeExit(parts: ContainerParts, container: Container, exit: Exit): Promise<void> {
  if (!isRunning(container.state)) return;
  const { store, exits } = parts;
  const oomKilled = oomKills(parts.cgroupOf(container)) > 0;
  if (oomKilled) parts.publish(container, 'oom');
  await releaseRun(parts, container);
  store.setStateDurably(container, {
    status: 'exited',
    pid: 0,
    pidStart: undefined,
    sandbox: undefined,
    exitCode: exit.code,
    oomKilled,
    finishedAt: formatTime(BigInt(exit.at.getTime()) * NANOS_PER_MILLI),
  });
  exits.forget(container.id);
  const seconds = Math.max(0, Math.floor((exit.at.getTime() - Date.parse(container.state.startedAt)) / 1000));
  parts.publish(container, 'die', { exitCode: String(exit.code), execDuration: String(seconds) });
  container.tellExit();
}

/** Gives back everything that a run of a container holds. What cannot be given back is logged, and left to the sweep. */
export async function releaseRun(parts: ContainerParts, container: Container): Promise<void> {
  const attempt = async (what: string, body: () => void | Promise<void>) => {
    try {
      await body();
    } catch (error) {
      parts.log.error(`cannot ${what}`, { container: container.id, error: messageOf(error) });
    }
  };
  const deleted = attempt("remove the runtime's part of the container", () =>
    deleteContainer(parts.runtimeOf(container), container.id),
  );
  await attempt('disconnect the container', () =>
    parts.networks.detach(container.id, container.state.sandbox),
  );
  await deleted;
  await attempt('unmount the layers', () => unmountRootfs(container.files.rootfs));
  await attempt('remove the bundle', () => container.bundle.removeSync());
}
