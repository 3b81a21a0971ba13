export { type AttachOptions, Relay } from './attach/relay.ts';
export { Bundle, SCRATCH } from './bundle.ts';
export { CdiDevices, type CdiEdits, injectDevices, requestedDevices } from './cdi/index.ts';
export { type CheckpointOptions, checkpointContainer, requireCheckpoints } from './checkpoint.ts';
export { type ConmonOptions, createContainer, type OciRuntime } from './conmon.ts';
export { tellConmon } from './conmon-control.ts';
export {
  containerState,
  deleteContainer,
  pauseContainer,
  type RuntimeState,
  startContainer,
  updateContainer,
} from './crun.ts';
export { type ExecEnd, type ExecOptions, ExecProcess, killAbandonedExecs } from './exec.ts';
export { type Exit, Exits } from './exits.ts';
export type { LogEntry } from './logs/line.ts';
export { type LogQuery, readLog } from './logs/reader.ts';
export { type LogLimits, LogRotation, type RotationOptions } from './logs/rotation.ts';
export { JOURNAL_SOCKET, journalMessage } from './logs/ship/journal.ts';
export type { LogMessage } from './logs/ship/message.ts';
export { LogShipper, type ShipperOptions } from './logs/ship/shipper.ts';
export type { SinkAddress } from './logs/ship/sink.ts';
export { type SyslogFormat, type SyslogOptions, syslogMessage } from './logs/ship/syslog.ts';
export { run, startTime } from './process.ts';
export { programPath } from './programs.ts';
export { processCapabilities, resolveCapabilities } from './spec/capabilities.ts';
export { type HostFiles, MASKED_PATHS, READONLY_PATHS } from './spec/mounts.ts';
export type { OciNamespace, OciProcess, OciSpec } from './spec/oci.ts';
export { deviceNumber, type HardLimits, resources as cgroupResources, rlimits } from './spec/resources.ts';
export { DefaultSeccomp, parseProfile, resolveProfile, type SeccompFilter } from './spec/seccomp.ts';
export { commandOf, environment, makeSpec, type SpecInput } from './spec/spec.ts';
export { resolveUser } from './spec/users.ts';
export { type IoCount, type Sample, takeSample } from './stats.ts';
export { type SamplePair, StatsSampler } from './stats-sampler.ts';
