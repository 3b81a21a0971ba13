import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { HostConfig } from '../../api/index.ts';
import {
  CdiDevices,
  type CdiEdits,
  injectDevices,
  makeSpec,
  type OciSpec,
  requestedDevices,
} from '../../runtime/index.ts';
import type { Sandbox } from '../networks/index.ts';
import type { Container } from './container.ts';
import { linkedEnv } from './links.ts';
import { rootPropagation } from './mounts/propagation.ts';
import { sharedNamespaces } from './namespaces.ts';
import { networkOwner } from './networking.ts';
import type { ContainerParts } from './parts.ts';

/**
 * Writes the OCI specification of a container into its bundle: everything that the runtime is told. Throws InvalidArgument,
 * NotFound and Conflict for what is not there.
 */
export async function writeSpec(
  parts: ContainerParts,
  container: Container,
  sandbox: Sandbox,
  userMounts: OciSpec['mounts'],
): Promise<void> {
  const { record, files, bundle } = container;
  const security = parts.security.options(record.hostConfig);
  const shared = sharedNamespaces(parts, container);
  const spec = makeSpec({
    rootfs: files.rootfs,
    config: { ...record.config, Env: [...linkedEnv(parts, record), ...record.config.Env] },
    hostConfig: record.hostConfig,
    cgroupsPath: parts.cgroupOf(container),
    namespaces: { ...shared.namespaces, network: sandbox.netnsPath ?? 'host' },
    hostFiles: hostFilesOf(parts, container),
    sharedShm: shared.shm,
    shmSize: record.hostConfig.ShmSize,
    userMounts,
    rootPropagation: rootPropagation(record.mounts),
    initProgram: parts.config.initPath,
    hardLimits: parts.hardLimits,
    lowestOomScore: parts.lowestOomScore,
    seccomp: security.seccomp,
    takesCompiledSeccomp: basename(parts.runtimeOf(container).path) === 'crun',
    noNewPrivileges: security.noNewPrivileges,
    apparmor: security.apparmor,
    warn: (message) => parts.log.warn(message, { container: container.id }),
  });
  injectDevices(spec, await deviceEdits(parts, record.hostConfig));
  writeFileSync(bundle.spec, JSON.stringify(spec), { mode: 0o600 });
}

/** What the devices that `--device` and `--gpus` ask for by name change about a container. Throws InvalidArgument. */
async function deviceEdits(parts: ContainerParts, { DeviceRequests }: HostConfig): Promise<CdiEdits[]> {
  if (DeviceRequests.length === 0) return [];
  const devices = await CdiDevices.read(parts.config.cdiSpecDirs);
  return devices.editsOf(requestedDevices(DeviceRequests, devices));
}

/** The container's own files, or those of the one whose network it shares. */
function hostFilesOf(parts: ContainerParts, { record, files }: Container) {
  const { NetworkMode } = record.hostConfig;
  const shared = NetworkMode.startsWith('container:');
  const { hostname, hosts, resolvConf } = shared ? networkOwner(parts, NetworkMode).files : files;
  return { hostname, hosts, resolvConf };
}
