import type { ContainerConfig } from '../../api/index.ts';
import { mergeHealthcheck } from './health-config.ts';

/** The part of an image's config that its containers inherit; every field may be missing. */
export type ImageRunConfig = {
  readonly [Key in keyof ContainerConfig]?: ContainerConfig[Key] | null | undefined;
};

/**
 * A container's config over that of its image, by Docker's rules: what the container sets wins; variables, labels, ports
 * and volumes add up; an entry point of the container's own does away with the image's command.
 */
export function mergeConfig(own: ContainerConfig, image: ImageRunConfig): ContainerConfig {
  return {
    ...own,
    ...mergeCommand(own, image),
    User: own.User || image.User || '',
    WorkingDir: own.WorkingDir || image.WorkingDir || '',
    Env: mergeEnv(own.Env, image.Env ?? []),
    Labels: { ...image.Labels, ...own.Labels },
    ExposedPorts: { ...image.ExposedPorts, ...own.ExposedPorts },
    Volumes: { ...image.Volumes, ...own.Volumes },
    StopSignal: own.StopSignal || image.StopSignal || '',
    Shell: own.Shell.length > 0 ? own.Shell : (image.Shell ?? []),
    Healthcheck: mergeHealthcheck(own.Healthcheck, image.Healthcheck),
  };
}

function mergeCommand(
  own: ContainerConfig,
  image: ImageRunConfig,
): Pick<ContainerConfig, 'Cmd' | 'Entrypoint'> {
  // One empty word is how clients say that the image's entry point is to be dropped.
  const reset = own.Entrypoint?.length === 1 && own.Entrypoint[0] === '';
  if (reset) return { Entrypoint: null, Cmd: own.Cmd };
  if (own.Entrypoint?.length) return { Entrypoint: own.Entrypoint, Cmd: own.Cmd };
  return {
    Entrypoint: image.Entrypoint ?? null,
    Cmd: own.Cmd?.length ? own.Cmd : (image.Cmd ?? null),
  };
}

function mergeEnv(own: readonly string[], image: readonly string[]): string[] {
  const nameOf = (entry: string) => entry.split('=', 1)[0];
  const names = new Set(own.map(nameOf));
  return [...own, ...image.filter((entry) => !names.has(nameOf(entry)))];
}
