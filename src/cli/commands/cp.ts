import { posix, resolve } from 'node:path';
import { isatty } from 'node:tty';
import { Containers } from '../../client/index.ts';
import { writeTar } from '../../tar/index.ts';
import { defineCommand, exactly } from '../command.ts';
import { packTree } from '../copy/pack.ts';
import {
  baseOf,
  findHere,
  findInContainer,
  fromRoot,
  isFolder,
  isLink,
  type Place,
  parsePathStat,
  parsePlace,
  sourceHere,
  statInContainer,
  targetOf,
} from '../copy/place.ts';
import { planCopy } from '../copy/plan.ts';
import { CopyProgress } from '../copy/progress.ts';
import { unpackTree } from '../copy/unpack.ts';
import { CliError } from '../errors.ts';
import { bool } from '../flags.ts';
import { print } from '../output.ts';

/** Standard input or output, as an archive. */
const STREAM = '-';

interface Copy {
  readonly containers: Containers;
  readonly container: string;
  readonly source: string;
  readonly destination: string;
  readonly followLink: boolean;
  /** Whether owners are kept. */
  readonly archive: boolean;
  /** Whether progress is shown. */
  readonly shown: boolean;
}

export const command = defineCommand({
  use: '[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n\tberth cp [OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH',
  args: exactly(2),
  flags: {
    archive: bool('Archive mode (copy all uid/gid information)', { short: 'a' }),
    'follow-link': bool('Always follow symbolic links in SRC_PATH', { short: 'L' }),
    quiet: bool('Suppress progress output, which is shown at a terminal only', { short: 'q' }),
  },
  async run({ values, changed, args, cli }) {
    const [source, destination] = args.map(readPlace) as [Place, Place];
    const containers = new Containers(await cli.client());
    const copy = {
      containers,
      source: source.path,
      destination: destination.path,
      followLink: values['follow-link'],
      archive: values.archive,
      shown: changed.has('quiet') ? !values.quiet : isatty(2),
    };
    if (source.container !== undefined && destination.container !== undefined) {
      throw new CliError('copying between containers is not supported');
    }
    if (source.container !== undefined) await copyOut({ ...copy, container: source.container });
    else if (destination.container !== undefined) await copyIn({ ...copy, container: destination.container });
    else throw new CliError('must specify at least one container source');
  },
});

function readPlace(text: string): Place {
  if (text === '') throw new CliError('source and destination can not be empty');
  return parsePlace(text);
}

async function copyOut(copy: Copy): Promise<void> {
  const { containers, container, destination, shown } = copy;
  const asked = fromRoot(copy.source);
  let path = asked;
  if (copy.followLink) {
    const stat = await statInContainer(containers, container, asked);
    if (isLink(stat)) path = targetOf(asked, stat);
  }
  if (destination === STREAM) {
    const { body } = await containers.getArchive(container, path);
    for await (const piece of body) print(piece);
    return;
  }
  const found = findHere(destination);
  const { headers, body } = await containers.getArchive(container, path);
  const source = { base: baseOf(asked), isFolder: isFolder(parsePathStat(headers)) };
  const progress = new CopyProgress('Copying from container -', shown);
  await unpackTree(progress.count(body), planCopy(source, found, destination), copy.archive);
  progress.done(resolve(destination));
}

async function copyIn(copy: Copy): Promise<void> {
  const { containers, container, source, shown } = copy;
  const destination = fromRoot(copy.destination);
  const found = await findInContainer(containers, container, destination);
  const options = { noOverwriteDirNonDir: true, copyUIDGID: copy.archive };
  if (source === STREAM) {
    if (!found.isFolder) {
      throw new CliError(`destination "${container}:${copy.destination}" must be a directory`);
    }
    await containers.putArchive(container, found.path, process.stdin, options);
    return;
  }
  const from = sourceHere(source, copy.followLink);
  const { folder, base } = planCopy(from, found, destination);
  const progress = new CopyProgress('Copying to container -', shown);
  const bytes = progress.count(writeTar(packTree(from.path, base)));
  await containers.putArchive(container, posix.resolve('/', folder), bytes, options);
  progress.done(`${container}:${copy.destination}`);
}
