import { commandOf } from '../../runtime/index.ts';
import type { Container } from './container.ts';
import { shownHealthcheck } from './health-config.ts';
import { shownLinks } from './links.ts';
import { mountView } from './mounts/point.ts';
import { networkSettings } from './network-settings.ts';
import { type ContainerState, type HealthState, isUp } from './record.ts';

/** What `inspect` shows besides the container's own record. */
export interface InspectExtras {
  readonly execIds: string[] | null;
  readonly sizes?: { readonly rw: number; readonly rootFs: number } | undefined;
  /** Folders of the image's layers, lowest first. */
  readonly layers: readonly string[];
}

/** A container in the Engine API's shape, `GET /containers/{id}/json`. */
export function inspectContainer(container: Container, extras: InspectExtras): Record<string, unknown> {
  const { record, state, files } = container;
  const { config, hostConfig } = record;
  const [path = '', ...args] = commandOf(config);
  return {
    Id: record.id,
    Created: record.created,
    Path: path,
    Args: args,
    State: stateOf(state),
    Image: record.imageId,
    ResolvConfPath: files.resolvConf,
    HostnamePath: files.hostname,
    HostsPath: files.hosts,
    // Of the other drivers' files nobody is to know, as with dockerd.
    LogPath: hostConfig.LogConfig.Type === 'json-file' ? files.log : '',
    Name: `/${record.name}`,
    RestartCount: state.restartCount,
    Driver: 'overlay2',
    Platform: 'linux',
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: '',
    ExecIDs: extras.execIds,
    HostConfig: hostConfigOf(container),
    GraphDriver: { Name: 'overlay2', Data: graphOf(container, extras.layers) },
    ...(extras.sizes && { SizeRw: extras.sizes.rw, SizeRootFs: extras.sizes.rootFs }),
    Mounts: record.mounts.map(mountView),
    Config: configOf(container),
    NetworkSettings: networkSettings(container),
  };
}

/** The folders that overlayfs stacks, the topmost first as its mount options have them. */
function graphOf({ id, files }: Container, layers: readonly string[]): Record<string, string> {
  return {
    ID: id,
    LowerDir: layers.toReversed().join(':'),
    MergedDir: files.rootfs,
    UpperDir: files.upper,
    WorkDir: files.work,
  };
}

function stateOf(state: ContainerState): Record<string, unknown> {
  return {
    Status: state.status,
    Running: isUp(state),
    Paused: state.status === 'paused',
    Restarting: state.status === 'restarting',
    OOMKilled: state.oomKilled,
    Dead: state.status === 'dead',
    Pid: state.pid,
    ExitCode: state.exitCode,
    Error: state.error,
    StartedAt: state.startedAt,
    FinishedAt: state.finishedAt,
    ...(state.health && { Health: healthOf(state.health) }),
  };
}

function healthOf({ status, failingStreak, log }: HealthState): Record<string, unknown> {
  return { Status: status, FailingStreak: failingStreak, Log: log };
}

/** Clients written in Go tell an empty list from none at all: what was never set is null, as dockerd has it. */
function hostConfigOf({ record }: Container): Record<string, unknown> {
  const { hostConfig } = record;
  const orNull = <T>(list: readonly T[]) => (list.length > 0 ? list : null);
  return {
    ...hostConfig,
    Binds: orNull(hostConfig.Binds),
    VolumesFrom: orNull(hostConfig.VolumesFrom),
    CapAdd: orNull(hostConfig.CapAdd),
    CapDrop: orNull(hostConfig.CapDrop),
    ExtraHosts: orNull(hostConfig.ExtraHosts),
    GroupAdd: orNull(hostConfig.GroupAdd),
    Links: orNull(shownLinks(record)),
    SecurityOpt: orNull(hostConfig.SecurityOpt),
    DeviceCgroupRules: orNull(hostConfig.DeviceCgroupRules),
    DeviceRequests: orNull(hostConfig.DeviceRequests),
    MemorySwappiness: hostConfig.MemorySwappiness ?? null,
    OomKillDisable: hostConfig.OomKillDisable ?? null,
    PidsLimit: hostConfig.PidsLimit ?? null,
    HealthOnFailure: hostConfig.HealthOnFailure ?? undefined,
    ...(hostConfig.Init == null && { Init: undefined }),
    MaskedPaths: hostConfig.MaskedPaths ?? null,
    ReadonlyPaths: hostConfig.ReadonlyPaths ?? null,
  };
}

function configOf({ record }: Container): Record<string, unknown> {
  const { config } = record;
  const orNothing = <T extends object>(value: T) => (Object.keys(value).length > 0 ? value : undefined);
  return {
    ...config,
    ExposedPorts: orNothing(config.ExposedPorts),
    Volumes: orNothing(config.Volumes) ?? null,
    OnBuild: config.OnBuild.length > 0 ? config.OnBuild : null,
    Shell: config.Shell.length > 0 ? config.Shell : undefined,
    Healthcheck: shownHealthcheck(config.Healthcheck),
    StopTimeout: config.StopTimeout ?? undefined,
    StopSignal: config.StopSignal || undefined,
    MacAddress: config.MacAddress || undefined,
    NetworkDisabled: config.NetworkDisabled || undefined,
    ArgsEscaped: config.ArgsEscaped || undefined,
  };
}
