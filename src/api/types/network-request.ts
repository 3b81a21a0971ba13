import * as v from 'valibot';
import { EndpointSettingsSchema } from './container.ts';

/** What clients send about networks, checked as it arrives. Null is read as empty, as in the requests for containers. */
const text = v.nullish(v.string(), '');
const flag = v.nullish(v.boolean(), false);
const textMap = v.nullish(v.record(v.string(), v.nullish(v.string(), '')), {});

const ipamConfig = v.looseObject({
  Subnet: text,
  IPRange: text,
  Gateway: text,
  AuxiliaryAddresses: textMap,
});

/** Body of `POST /networks/create`. */
export const CreateNetworkSchema = v.looseObject({
  Name: text,
  CheckDuplicate: flag,
  Driver: text,
  Scope: text,
  EnableIPv4: v.nullish(v.boolean()),
  EnableIPv6: v.nullish(v.boolean()),
  Internal: flag,
  Attachable: flag,
  Ingress: flag,
  ConfigOnly: flag,
  ConfigFrom: v.nullish(v.looseObject({ Network: text }), { Network: '' }),
  IPAM: v.nullish(
    v.looseObject({ Driver: text, Options: textMap, Config: v.nullish(v.array(ipamConfig), []) }),
    { Driver: '', Options: {}, Config: [] },
  ),
  Options: textMap,
  Labels: textMap,
});

/** Body of `POST /networks/{id}/connect`. */
export const ConnectNetworkSchema = v.looseObject({
  Container: text,
  EndpointConfig: v.nullish(EndpointSettingsSchema, {}),
});

/** Body of `POST /networks/{id}/disconnect`. */
export const DisconnectNetworkSchema = v.looseObject({ Container: text, Force: flag });

export type CreateNetworkRequest = v.InferOutput<typeof CreateNetworkSchema>;
export type IpamConfigRequest = v.InferOutput<typeof ipamConfig>;
