import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import type { Draw, Verb } from './verbs.ts';

/** The repository of the images that are made of containers. */
export const REPOSITORY = 'chaos';

/** Runs a command in a container and looks at what it has written. */
export function exec({ name, random }: Draw): Verb {
  const text = `from inside ${random(1000)}`;
  const options = { Cmd: ['echo', text], AttachStdout: true, AttachStderr: true };
  return {
    words: ['exec', name, 'echo', text],
    call: async (ask) => {
      const { Id } = (await ask('POST', `/containers/${name}/exec`, options)) as { Id: string };
      await ask('POST', `/exec/${Id}/start`, { Detach: false });
      await ask('GET', `/exec/${Id}/json`);
    },
    library: async (docker) => {
      const made = await docker.getContainer(name).exec(options);
      await drain(await made.start({}));
      await made.inspect();
    },
  };
}

/** Makes an image of a container. */
export function commit({ name, random }: Draw): Verb {
  const tag = String(random(10));
  return {
    words: ['commit', name, `${REPOSITORY}:${tag}`],
    call: ['POST', `/commit?container=${name}&repo=${REPOSITORY}&tag=${tag}`, {}],
    library: (docker) => docker.getContainer(name).commit({ repo: REPOSITORY, tag }),
  };
}

export function copyOut({ name }: Draw): Verb {
  return {
    words: ['cp', `${name}:/etc`, '-'],
    call: ['GET', `/containers/${name}/archive?path=/etc`],
    library: async (docker) => drain(await docker.getContainer(name).getArchive({ path: '/etc' })),
  };
}

export function copyIn({ name, random }: Draw): Verb {
  const archive = ARCHIVES[random(ARCHIVES.length)]!;
  return {
    words: ['cp', '-', `${name}:/tmp`],
    input: archive,
    call: ['PUT', `/containers/${name}/archive?path=/tmp`, archive],
    library: (docker) => docker.getContainer(name).putArchive(archive, { path: '/tmp' }),
  };
}

/** Reads a stream to its end. */
export async function drain(stream: NodeJS.ReadableStream): Promise<void> {
  for await (const _ of stream);
}

const ARCHIVES = await Promise.all(
  [100, 300_000].map((size) => {
    const archive = pack();
    archive.entry({ name: `file-of-${size}` }, Buffer.alloc(size, 'x'));
    archive.finalize();
    return buffer(archive);
  }),
);
