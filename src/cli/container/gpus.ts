import type { DeviceRequest } from '../../client/index.ts';
import { keyValue, splitCsv } from './csv.ts';

/** Reads `--gpus`: `all`, a count, or `device=0,capabilities=utility`. Throws Error. */
export function parseGpus(text: string): DeviceRequest {
  const request: DeviceRequest = {
    Driver: '',
    Count: 0,
    DeviceIDs: null,
    Capabilities: [['gpu']],
    Options: {},
  };
  const seen = new Set<string>();
  for (const field of splitCsv(text)) {
    const [name, given] = keyValue(field);
    const key = given === undefined ? 'count' : name;
    const value = given ?? field;
    if (seen.has(key)) throw new Error(`gpu request key '${key}' can be specified only once`);
    seen.add(key);
    setField(request, key, value, field);
  }
  if (!seen.has('count') && !request.DeviceIDs) request.Count = 1;
  return request;
}

function setField(request: DeviceRequest, key: string, value: string, field: string): void {
  switch (key) {
    case 'driver':
      request.Driver = value;
      return;
    case 'count':
      if (value !== 'all' && !/^-?\d+$/.test(value)) {
        throw new Error(`invalid count (${value}): value must be either "all" or an integer: invalid syntax`);
      }
      request.Count = value === 'all' ? -1 : Number(value);
      return;
    case 'device':
      request.DeviceIDs = value.split(',');
      return;
    case 'capabilities':
      request.Capabilities = [[...value.split(','), 'gpu']];
      return;
    case 'options':
      request.Options = Object.fromEntries(
        splitCsv(value).map((option) => [keyValue(option)[0], keyValue(option)[1] ?? '']),
      );
      return;
    default:
      throw new Error(`unexpected key '${key}' in '${field}'`);
  }
}
