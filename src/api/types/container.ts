import * as v from 'valibot';

/**
 * What clients send about containers, checked as it arrives. Clients written in Go send null for what is empty, so every
 * field may be null or missing and is read as its empty value. Unknown fields pass, as they do with dockerd.
 */
const text = v.nullish(v.string(), '');
const flag = v.nullish(v.boolean(), false);
const integer = v.nullish(v.pipe(v.number(), v.integer()), 0);
const texts = v.nullish(v.array(v.string()), []);
const textMap = v.nullish(v.record(v.string(), v.nullish(v.string(), '')), {});
const set = v.nullish(v.record(v.string(), v.unknown()), {});
/** A command: a list of words, or one word. Null is not the same as empty: it leaves the image's own in force. */
const command = v.nullish(
  v.union([
    v.array(v.string()),
    v.pipe(
      v.string(),
      v.transform((word) => [word]),
    ),
  ]),
  null,
);

/** A health check as images and containers carry it; times in nanoseconds. */
export const HealthcheckSchema = v.looseObject({
  Test: texts,
  Interval: integer,
  Timeout: integer,
  StartPeriod: integer,
  StartInterval: integer,
  Retries: integer,
});

const configEntries = {
  Hostname: text,
  Domainname: text,
  User: text,
  AttachStdin: flag,
  AttachStdout: flag,
  AttachStderr: flag,
  ExposedPorts: set,
  Tty: flag,
  OpenStdin: flag,
  StdinOnce: flag,
  Env: texts,
  Cmd: command,
  Healthcheck: v.nullish(HealthcheckSchema),
  ArgsEscaped: flag,
  Image: text,
  Volumes: set,
  WorkingDir: text,
  Entrypoint: command,
  NetworkDisabled: flag,
  MacAddress: text,
  OnBuild: texts,
  Labels: textMap,
  StopSignal: text,
  StopTimeout: v.nullish(v.pipe(v.number(), v.integer())),
  Shell: texts,
};

const weightDevice = v.looseObject({ Path: text, Weight: integer });
const throttleDevice = v.looseObject({ Path: text, Rate: integer });
const portBinding = v.looseObject({ HostIp: text, HostPort: text });

export const DeviceSchema = v.looseObject({
  PathOnHost: text,
  PathInContainer: text,
  CgroupPermissions: text,
});
export const UlimitSchema = v.looseObject({ Name: v.string(), Soft: integer, Hard: integer });

export const MountSchema = v.looseObject({
  Type: text,
  Source: text,
  Target: text,
  ReadOnly: flag,
  Consistency: text,
  BindOptions: v.nullish(
    v.looseObject({
      Propagation: text,
      NonRecursive: flag,
      CreateMountpoint: flag,
      ReadOnlyNonRecursive: flag,
      ReadOnlyForceRecursive: flag,
    }),
  ),
  VolumeOptions: v.nullish(
    v.looseObject({
      NoCopy: flag,
      Labels: textMap,
      Subpath: text,
      DriverConfig: v.nullish(v.looseObject({ Name: text, Options: textMap })),
    }),
  ),
  ImageOptions: v.nullish(v.looseObject({ Subpath: text })),
  TmpfsOptions: v.nullish(
    v.looseObject({ SizeBytes: integer, Mode: integer, Options: v.nullish(v.array(texts), []) }),
  ),
});

const deviceRequest = v.looseObject({
  Driver: text,
  /** -1 is all of them. */
  Count: integer,
  DeviceIDs: texts,
  /** Any of these sets will do. */
  Capabilities: v.nullish(v.array(v.array(v.string())), []),
  Options: textMap,
});

const hostConfigEntries = {
  Binds: texts,
  ContainerIDFile: text,
  LogConfig: v.nullish(v.looseObject({ Type: text, Config: textMap }), { Type: '', Config: {} }),
  NetworkMode: text,
  PortBindings: v.nullish(v.record(v.string(), v.nullish(v.array(portBinding), [])), {}),
  RestartPolicy: v.nullish(v.looseObject({ Name: text, MaximumRetryCount: integer }), {
    Name: '',
    MaximumRetryCount: 0,
  }),
  AutoRemove: flag,
  VolumeDriver: text,
  VolumesFrom: texts,
  ConsoleSize: v.nullish(v.tuple([v.number(), v.number()]), [0, 0]),
  Annotations: textMap,
  CapAdd: texts,
  CapDrop: texts,
  CgroupnsMode: text,
  Dns: texts,
  DnsOptions: texts,
  DnsSearch: texts,
  ExtraHosts: texts,
  GroupAdd: texts,
  IpcMode: text,
  Cgroup: text,
  Links: texts,
  OomScoreAdj: integer,
  PidMode: text,
  Privileged: flag,
  PublishAllPorts: flag,
  ReadonlyRootfs: flag,
  SecurityOpt: texts,
  StorageOpt: textMap,
  Tmpfs: textMap,
  UTSMode: text,
  UsernsMode: text,
  ShmSize: integer,
  Sysctls: textMap,
  Runtime: text,
  Isolation: text,
  CpuShares: integer,
  Memory: integer,
  NanoCpus: integer,
  CgroupParent: text,
  BlkioWeight: integer,
  BlkioWeightDevice: v.nullish(v.array(weightDevice), []),
  BlkioDeviceReadBps: v.nullish(v.array(throttleDevice), []),
  BlkioDeviceWriteBps: v.nullish(v.array(throttleDevice), []),
  BlkioDeviceReadIOps: v.nullish(v.array(throttleDevice), []),
  BlkioDeviceWriteIOps: v.nullish(v.array(throttleDevice), []),
  CpuPeriod: integer,
  CpuQuota: integer,
  CpuRealtimePeriod: integer,
  CpuRealtimeRuntime: integer,
  CpusetCpus: text,
  CpusetMems: text,
  Devices: v.nullish(v.array(DeviceSchema), []),
  DeviceCgroupRules: texts,
  DeviceRequests: v.nullish(v.array(deviceRequest), []),
  MemoryReservation: integer,
  MemorySwap: integer,
  MemorySwappiness: v.nullish(v.number()),
  OomKillDisable: v.nullish(v.boolean()),
  PidsLimit: v.nullish(v.number()),
  Ulimits: v.nullish(v.array(UlimitSchema), []),
  Mounts: v.nullish(v.array(MountSchema), []),
  MaskedPaths: v.nullish(v.array(v.string()), null),
  ReadonlyPaths: v.nullish(v.array(v.string()), null),
  Init: v.nullish(v.boolean()),
  /** Not Docker's: what to do with a container that becomes unhealthy; none, kill, restart or stop. */
  HealthOnFailure: v.nullish(v.string()),
};

export const ContainerConfigSchema = v.object(configEntries);
export const HostConfigSchema = v.object(hostConfigEntries);

/** How a container joins a network. */
export const EndpointSettingsSchema = v.looseObject({
  IPAMConfig: v.nullish(v.looseObject({ IPv4Address: text, IPv6Address: text, LinkLocalIPs: texts })),
  Links: texts,
  Aliases: texts,
  MacAddress: text,
  DriverOpts: textMap,
  GwPriority: integer,
});

export const NetworkingConfigSchema = v.object({
  EndpointsConfig: v.nullish(v.record(v.string(), v.nullish(EndpointSettingsSchema)), {}),
});

/** Body of `POST /containers/create`. */
export const CreateContainerSchema = v.object({
  ...configEntries,
  HostConfig: v.nullish(HostConfigSchema, {}),
  NetworkingConfig: v.nullish(NetworkingConfigSchema, {}),
});

/** Body of `POST /containers/{id}/exec`. */
export const CreateExecSchema = v.object({
  AttachStdin: flag,
  AttachStdout: flag,
  AttachStderr: flag,
  DetachKeys: text,
  Tty: flag,
  Env: texts,
  Cmd: texts,
  Privileged: flag,
  User: text,
  WorkingDir: text,
  ConsoleSize: v.nullish(v.tuple([v.number(), v.number()])),
});

/** Body of `POST /containers/{id}/checkpoints`. */
export const CreateCheckpointSchema = v.object({ CheckpointID: text, CheckpointDir: text, Exit: flag });

/** Body of `POST /exec/{id}/start`. */
export const StartExecSchema = v.object({
  Detach: flag,
  Tty: flag,
  ConsoleSize: v.nullish(v.tuple([v.number(), v.number()])),
});

export type Healthcheck = v.InferOutput<typeof HealthcheckSchema>;
export type ContainerConfig = v.InferOutput<typeof ContainerConfigSchema>;
export type HostConfig = v.InferOutput<typeof HostConfigSchema>;
export type NetworkingConfig = v.InferOutput<typeof NetworkingConfigSchema>;
export type EndpointSettings = v.InferOutput<typeof EndpointSettingsSchema>;
export type CreateContainerRequest = v.InferOutput<typeof CreateContainerSchema>;
export type CreateExecRequest = v.InferOutput<typeof CreateExecSchema>;
export type StartExecRequest = v.InferOutput<typeof StartExecSchema>;
export type Ulimit = v.InferOutput<typeof UlimitSchema>;
export type DeviceRequest = v.InferOutput<typeof deviceRequest>;
export type DeviceMapping = v.InferOutput<typeof DeviceSchema>;
export type MountRequest = v.InferOutput<typeof MountSchema>;
