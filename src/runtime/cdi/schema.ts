import * as v from 'valibot';

/**
 * Files of the Container Device Interface, version 1.0: https://github.com/cncf-tags/container-device-interface, SPEC.md.
 * A vendor's tool writes them to say what a container needs in order to use a device.
 */
const texts = v.nullish(v.array(v.string()), []);
const integer = v.nullish(v.pipe(v.number(), v.integer()));

const deviceNode = v.looseObject({
  path: v.string(),
  hostPath: v.nullish(v.string(), ''),
  type: v.nullish(v.picklist(['b', 'c', 'u', 'p', '']), ''),
  major: integer,
  minor: integer,
  fileMode: integer,
  permissions: v.nullish(v.string(), ''),
  uid: integer,
  gid: integer,
});

const mount = v.looseObject({
  hostPath: v.string(),
  containerPath: v.string(),
  options: texts,
  type: v.nullish(v.string(), ''),
});

/** The moments of a container's start and end at which the runtime runs programs; see the OCI runtime specification. */
export const HOOK_NAMES = [
  'prestart',
  'createRuntime',
  'createContainer',
  'startContainer',
  'poststart',
  'poststop',
] as const;

const hook = v.looseObject({
  hookName: v.picklist(HOOK_NAMES),
  path: v.string(),
  args: texts,
  env: texts,
  timeout: integer,
});

const EditsSchema = v.looseObject({
  env: texts,
  deviceNodes: v.nullish(v.array(deviceNode), []),
  mounts: v.nullish(v.array(mount), []),
  hooks: v.nullish(v.array(hook), []),
  additionalGids: v.nullish(v.array(v.pipe(v.number(), v.integer())), []),
});

const NAME = /^[A-Za-z0-9](?:[\w.:-]*[A-Za-z0-9])?$/;

export const CdiSpecSchema = v.looseObject({
  cdiVersion: v.string(),
  kind: v.pipe(v.string(), v.regex(/^[A-Za-z][\w.-]*\/[A-Za-z][\w-]*$/)),
  devices: v.array(
    v.looseObject({ name: v.pipe(v.string(), v.regex(NAME)), containerEdits: v.nullish(EditsSchema, {}) }),
  ),
  containerEdits: v.nullish(EditsSchema, {}),
});

export type CdiSpec = v.InferOutput<typeof CdiSpecSchema>;
/** What a device changes about a container. */
export type CdiEdits = v.InferOutput<typeof EditsSchema>;
export type CdiDeviceNode = CdiEdits['deviceNodes'][number];
