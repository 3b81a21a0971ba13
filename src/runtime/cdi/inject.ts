import { statSync } from 'node:fs';
import { InvalidArgument } from '../../api/index.ts';
import type { OciDevice, OciSpec } from '../spec/oci.ts';
import { splitDevice } from '../spec/resources.ts';
import type { CdiDeviceNode, CdiEdits } from './schema.ts';

/** Changes a container's specification as its devices ask for. Throws InvalidArgument for a device file that is not there. */
export function injectDevices(spec: OciSpec, edits: readonly CdiEdits[]): void {
  for (const edit of edits) {
    for (const variable of edit.env) setVariable(spec.process.env, variable);
    for (const node of edit.deviceNodes) addDevice(spec, node);
    for (const { hostPath, containerPath, options, type } of edit.mounts) {
      const others = spec.mounts.filter(({ destination }) => destination !== containerPath);
      const bound = options.some((option) => option === 'bind' || option === 'rbind');
      const mount = {
        destination: containerPath,
        type: type || 'bind',
        source: hostPath,
        options: bound || (type !== '' && type !== 'bind') ? options : ['rbind', ...options],
      };
      spec.mounts = [...others, mount];
    }
    for (const { hookName, path, args, env, timeout } of edit.hooks) {
      spec.hooks ??= {};
      spec.hooks[hookName] ??= [];
      spec.hooks[hookName].push({ path, args, env, ...(timeout != null && { timeout }) });
    }
    spec.process.user.additionalGids = [
      ...new Set([...spec.process.user.additionalGids, ...edit.additionalGids]),
    ];
  }
  // Parents before children; those of one depth as they came.
  const depth = ({ destination }: OciSpec['mounts'][number]) => destination.split('/').filter(Boolean).length;
  if (edits.some(({ mounts }) => mounts.length > 0)) {
    spec.mounts = spec.mounts.toSorted((one, other) => depth(one) - depth(other));
  }
}

function setVariable(env: string[], variable: string): void {
  const name = variable.split('=', 1)[0]!;
  const index = env.findIndex((entry) => entry.startsWith(`${name}=`));
  if (index < 0) env.push(variable);
  else env[index] = variable;
}

function addDevice(spec: OciSpec, node: CdiDeviceNode): void {
  const device = complete(node, spec.process.user);
  spec.linux.devices = [...spec.linux.devices.filter(({ path }) => path !== device.path), device];
  if (device.type === 'p') return;
  const { type, major, minor } = device;
  const access = node.permissions || 'rwm';
  spec.linux.resources.devices.push({ allow: true, type, major, minor, access });
}

/** What the file leaves out is taken from the device file of the host. */
function complete(node: CdiDeviceNode, user: { readonly uid: number; readonly gid: number }): OciDevice {
  const { path, fileMode, uid, gid } = node;
  const found = node.type === '' || node.major == null || node.minor == null ? onHost(node) : undefined;
  const type = node.type === '' ? found!.type : node.type === 'u' ? 'c' : node.type;
  return {
    path,
    type,
    major: node.major ?? found?.major ?? 0,
    minor: node.minor ?? found?.minor ?? 0,
    ...(fileMode == null ? found && { fileMode: found.fileMode } : { fileMode }),
    // A device that belongs to nobody in particular is the container's user's.
    ...(uid == null ? user.uid > 0 && { uid: user.uid } : { uid }),
    ...(gid == null ? user.gid > 0 && { gid: user.gid } : { gid }),
  };
}

function onHost({ path, hostPath }: CdiDeviceNode) {
  const host = hostPath || path;
  const stat = statSync(host, { throwIfNoEntry: false });
  if (!stat?.isCharacterDevice() && !stat?.isBlockDevice() && !stat?.isFIFO()) {
    throw new InvalidArgument(`CDI device injection failed: ${host} is not a device of this machine`);
  }
  const type = stat.isCharacterDevice() ? 'c' : stat.isBlockDevice() ? 'b' : 'p';
  return { type, ...splitDevice(stat.rdev), fileMode: stat.mode & 0o777 } as const;
}
