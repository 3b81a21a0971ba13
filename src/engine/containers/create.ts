import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { hostname as machineName } from 'node:os';
import {
  type ContainerConfig,
  type CreateContainerRequest,
  formatTime,
  type HostConfig,
  InvalidArgument,
  nowNanos,
  type Ulimit,
} from '../../api/index.ts';
import { MASKED_PATHS, READONLY_PATHS } from '../../runtime/index.ts';
import type { EngineConfig } from '../config.ts';
import {
  formatPlatform,
  HOST_PLATFORM,
  type ImageRecord,
  matchesPlatform,
  type OciPlatform,
} from '../images/index.ts';
import { kernelFeatures } from '../system/kernel.ts';
import { Container } from './container.ts';
import { checkLinks } from './links.ts';
import { completeLogConfig, validateLogConfig } from './logs/drivers.ts';
import { beyondReach } from './machine.ts';
import { mergeConfig } from './merge.ts';
import { copyUp } from './mounts/copy-up.ts';
import { makeVolumes, planMounts } from './mounts/plan.ts';
import { volumesOf } from './mounts/point.ts';
import { generateName } from './names.ts';
import { checkModeConflicts, chooseNetworks } from './network-config.ts';
import type { ContainerParts } from './parts.ts';
import { portWishes } from './ports.ts';
import { type ContainerRecord, INITIAL_STATE } from './record.ts';
import { withoutUnsupported } from './unsupported.ts';
import { refuseUnsupported, validateConfig, validateHostConfig, validateName } from './validate.ts';

const ID_BYTES = 32;
const SHORT_ID = 12;

/** What `POST /containers/create` answers. */
export interface CreatedContainer {
  readonly Id: string;
  readonly Warnings: string[];
}

/** What the query of the call says beside the body. */
export interface CreateOptions {
  readonly name?: string | undefined;
  /** The image must be for it. */
  readonly platform?: OciPlatform | undefined;
}

/**
 * Makes a container: its record, folders for its writable layer, and its volumes, filled from the image. Nothing runs. Throws
 * NotFound (image, container), Conflict (name), InvalidArgument, NotImplemented, Internal; then nothing is left.
 */
export async function createContainer(
  parts: ContainerParts,
  request: CreateContainerRequest,
  options: CreateOptions = {},
): Promise<CreatedContainer> {
  const { name, platform } = options;
  const { store, images, config: engine } = parts;
  if (name !== undefined) validateName(name);
  if (request.Image === '')
    throw new InvalidArgument('No image was specified: name one to create the container from');
  const image = images.get(request.Image, platform);
  const { HostConfig: requestedHost, NetworkingConfig: requestedNetworks, ...requested } = request;
  const { mode, networkingConfig } = chooseNetworks(parts, requestedHost.NetworkMode, requestedNetworks);
  const { wanted: limited, warnings } = withoutUnsupported(requestedHost, kernelFeatures());
  const hostConfig = completeHostConfig({ ...limited, NetworkMode: mode }, engine);
  refuseUnsupported(hostConfig);
  checkModeConflicts(requested, hostConfig);
  portWishes(requested, hostConfig);
  checkLinks(parts, hostConfig);
  const id = randomBytes(ID_BYTES).toString('hex');
  const merged = mergeConfig(requested, image.config.config ?? {});
  const config = { ...merged, Hostname: hostnameOf(merged, hostConfig, id) };
  validateConfig(config);
  validateHostConfig(hostConfig, engine);
  validateLogConfig(hostConfig.LogConfig);
  parts.security.options(hostConfig);
  const wanted = planMounts(parts, config, hostConfig);

  const chosen = name?.replace(/^\//, '') ?? generateName((taken) => store.isNameTaken(taken));
  using _name = store.reserveName(chosen);
  await using undo = new AsyncDisposableStack();
  const made: string[] = [];
  undo.defer(() => parts.volumes.forget(made));
  const record: ContainerRecord = {
    id,
    name: chosen,
    created: formatTime(nowNanos()),
    imageId: image.id,
    config,
    hostConfig,
    networkingConfig,
    mounts: makeVolumes(parts, wanted, made),
  };
  const container = new Container(record, INITIAL_STATE, engine);
  undo.defer(() => rmSync(container.files.folder, { recursive: true, force: true }));
  makeFolders(container);
  using _needs = store.announce(record);
  await copyUp(parts, container);
  store.add(container, () => parts.volumes.confirm(volumesOf(record.mounts)));
  undo.move();
  parts.publish(container, 'create');
  if (platform === undefined) warnings.push(...foreignPlatform(image.config));
  return { Id: id, Warnings: [...warnings, ...beyondReach(parts, hostConfig)] };
}

/** Docker's warning about an image that is for another machine. */
function foreignPlatform({ os, architecture, variant }: ImageRecord['config']): string[] {
  const own = { os: os || 'linux', architecture, variant };
  if (matchesPlatform(own, HOST_PLATFORM)) return [];
  return [
    `The requested image's platform (${formatPlatform(own)}) does not match the detected host platform (${formatPlatform(HOST_PLATFORM)}) and no specific platform was requested`,
  ];
}

function makeFolders({ files }: Container): void {
  mkdirSync(files.folder, { mode: 0o710, recursive: true });
  for (const folder of [files.upper, files.rootfs]) mkdirSync(folder, { mode: 0o755 });
  mkdirSync(files.work, { mode: 0o700 });
}

/** The host config with the engine's defaults filled in, as `inspect` shows it. */
function completeHostConfig(host: HostConfig, engine: EngineConfig): HostConfig {
  const ulimits = new Map<string, Ulimit>(
    Object.values(engine.defaultUlimits).map((limit) => [limit.Name, { ...limit }]),
  );
  for (const limit of host.Ulimits) ulimits.set(limit.Name, limit);
  return {
    ...host,
    IpcMode: host.IpcMode || engine.defaultIpcMode,
    CgroupnsMode: host.CgroupnsMode || engine.defaultCgroupnsMode,
    Runtime: host.Runtime || engine.defaultRuntime,
    ShmSize: host.ShmSize || engine.defaultShmSize,
    RestartPolicy: { ...host.RestartPolicy, Name: host.RestartPolicy.Name || 'no' },
    LogConfig: completeLogConfig(host.LogConfig, engine),
    // Without a swap limit of its own, a container may swap as much again as it has memory.
    MemorySwap:
      host.Memory > 0 && host.MemorySwap === 0 && kernelFeatures().swapLimit
        ? host.Memory * 2
        : host.MemorySwap,
    // Clients send 0 and -1 for no limit.
    PidsLimit: host.PidsLimit != null && host.PidsLimit > 0 ? host.PidsLimit : null,
    MemorySwappiness: host.MemorySwappiness === -1 ? null : host.MemorySwappiness,
    MaskedPaths: host.MaskedPaths ?? (host.Privileged ? null : MASKED_PATHS),
    ReadonlyPaths: host.ReadonlyPaths ?? (host.Privileged ? null : READONLY_PATHS),
    Init: host.Init ?? (engine.init ? true : undefined),
    Ulimits: [...ulimits.values()],
  };
}

function hostnameOf(config: ContainerConfig, host: HostConfig, id: string): string {
  const hostNames = host.UTSMode === 'host' || (host.NetworkMode === 'host' && config.Hostname === '');
  if (host.UTSMode === 'host' && config.Hostname !== '') {
    throw new InvalidArgument('conflicting options: hostname and the UTS mode');
  }
  return hostNames ? machineName() : config.Hostname || id.slice(0, SHORT_ID);
}
