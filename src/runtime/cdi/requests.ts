import { type DeviceRequest, InvalidArgument } from '../../api/index.ts';
import type { CdiDevices } from './registry.ts';

/** Vendors of devices of the class `gpu`, in the order in which one is chosen for who names none. */
const GPU_VENDORS = ['nvidia.com', 'amd.com', 'intel.com'];

/**
 * The qualified names of the devices that `--device vendor.com/class=name` and `--gpus` ask for. Graphics processors come by
 * CDI too: a vendor's tool lists them, each by number, and `all`. Throws InvalidArgument when there are none of the kind.
 */
export function requestedDevices(requests: readonly DeviceRequest[], devices: CdiDevices): string[] {
  return requests.flatMap((request) =>
    request.Driver === 'cdi' ? request.DeviceIDs : gpus(request, devices),
  );
}

function gpus({ Driver, Count, DeviceIDs, Capabilities }: DeviceRequest, devices: CdiDevices): string[] {
  const isGpu = Capabilities.some((set) => set.includes('gpu'));
  const vendors =
    Driver === '' ? GPU_VENDORS : GPU_VENDORS.filter((vendor) => vendor.startsWith(`${Driver}.`));
  const kind = vendors
    .map((vendor) => `${vendor}/gpu`)
    .find((candidate) => devices.names.some((name) => name.startsWith(`${candidate}=`)));
  if (!isGpu || kind === undefined) {
    throw new InvalidArgument(
      `could not select device driver "${Driver}" with capabilities: [${Capabilities.map((set) => `[${set.join(' ')}]`).join(' ')}]: ` +
        'graphics processors are described by CDI files: have the vendor’s tool write one, such as nvidia-ctk cdi generate',
    );
  }
  if (DeviceIDs.length > 0) return DeviceIDs.map((id) => `${kind}=${id}`);
  if (Count < 0) return [`${kind}=all`];
  return Array.from({ length: Count }, (_, index) => `${kind}=${index}`);
}
