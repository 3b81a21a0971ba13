import type { Command } from './command.ts';

export interface CommandEntry {
  /** Every spelling; the first one of a group is the one that usage lines show there. */
  readonly paths: readonly string[];
  readonly about: string;
  /** Left out of the lists of commands. */
  readonly hidden?: boolean;
  readonly load: () => Promise<{ command: Command }>;
}

/** Commands that only hold others. */
export const groups: Readonly<Record<string, string>> = {
  checkpoint: 'Manage checkpoints',
  container: 'Manage containers',
  image: 'Manage images',
  registry: 'Serve images to others',
  system: 'Manage the engine',
  network: 'Manage networks',
  volume: 'Manage volumes',
};

/** Commands that people use most, in the order in which `--help` shows them. */
export const common: readonly string[] = [
  'run',
  'exec',
  'ps',
  'pull',
  'push',
  'images',
  'login',
  'logout',
  'search',
  'version',
  'info',
];

const both = (name: string): string[] => [`container ${name}`, name];
const entry = (paths: readonly string[], about: string, load: () => Promise<unknown>): CommandEntry => ({
  paths,
  about,
  load: load as CommandEntry['load'],
});

/** Every command. A command's file is loaded when it runs, and no sooner. */
export const commands: readonly CommandEntry[] = [
  entry(
    both('attach'),
    "Connect the terminal to a running container's input, output and error streams",
    () => import('./commands/attach.ts'),
  ),
  // Docker shows these where the engine has experimental features alone.
  {
    ...entry(
      ['checkpoint create'],
      'Create a checkpoint from a running container',
      () => import('./commands/checkpoint-create.ts'),
    ),
    hidden: true,
  },
  {
    ...entry(
      ['checkpoint ls', 'checkpoint list'],
      'List checkpoints for a container',
      () => import('./commands/checkpoint-ls.ts'),
    ),
    hidden: true,
  },
  {
    ...entry(
      ['checkpoint rm', 'checkpoint remove'],
      'Remove a checkpoint',
      () => import('./commands/checkpoint-rm.ts'),
    ),
    hidden: true,
  },
  entry(both('commit'), "Create an image from a container's changes", () => import('./commands/commit.ts')),
  entry(
    both('cp'),
    'Copy files and folders between a container and this machine',
    () => import('./commands/cp.ts'),
  ),
  entry(both('create'), 'Create a new container', () => import('./commands/create.ts')),
  entry(both('diff'), "Show what changed in a container's filesystem", () => import('./commands/diff.ts')),
  entry(
    ['system events', 'events'],
    'Show what happens in the engine, as it happens',
    () => import('./commands/events.ts'),
  ),
  entry(both('exec'), 'Execute a command in a running container', () => import('./commands/exec.ts')),
  entry(
    both('export'),
    "Export a container's filesystem as a tar archive",
    () => import('./commands/export.ts'),
  ),
  entry(['image history', 'history'], 'Show the history of an image', () => import('./commands/history.ts')),
  entry(['image ls', 'image list', 'images'], 'List images', () => import('./commands/images.ts')),
  entry(
    ['image import', 'import'],
    'Create an image from an archive of a root filesystem',
    () => import('./commands/import.ts'),
  ),
  entry(['system info', 'info'], 'Show system-wide information', () => import('./commands/info.ts')),
  entry(['inspect'], 'Show all there is to know about objects', () => import('./commands/inspect.ts')),
  entry(
    ['container inspect'],
    'Show all there is to know about containers',
    () => import('./commands/container-inspect.ts'),
  ),
  entry(
    ['image inspect'],
    'Show all there is to know about images',
    () => import('./commands/image-inspect.ts'),
  ),
  entry(both('kill'), 'Kill running containers', () => import('./commands/kill.ts')),
  entry(
    ['image load', 'load'],
    'Load images from a tar archive or standard input',
    () => import('./commands/load.ts'),
  ),
  entry(['login'], 'Authenticate to a registry', () => import('./commands/login.ts')),
  entry(['logout'], 'Log out from a registry', () => import('./commands/logout.ts')),
  entry(both('logs'), "Show a container's logs", () => import('./commands/logs.ts')),
  entry(
    ['network connect'],
    'Connect a container to a network',
    () => import('./commands/network-connect.ts'),
  ),
  entry(['network create'], 'Create a network', () => import('./commands/network-create.ts')),
  entry(
    ['network disconnect'],
    'Disconnect a container from a network',
    () => import('./commands/network-disconnect.ts'),
  ),
  entry(
    ['network inspect'],
    'Show all there is to know about networks',
    () => import('./commands/network-inspect.ts'),
  ),
  entry(['network ls', 'network list'], 'List networks', () => import('./commands/network-ls.ts')),
  entry(['network prune'], 'Remove all unused networks', () => import('./commands/network-prune.ts')),
  entry(['network rm', 'network remove'], 'Remove networks', () => import('./commands/network-rm.ts')),
  entry(both('pause'), 'Pause all processes of containers', () => import('./commands/pause.ts')),
  entry(both('port'), "List a container's published ports", () => import('./commands/port.ts')),
  entry(['container prune'], 'Remove all stopped containers', () => import('./commands/container-prune.ts')),
  entry(['image prune'], 'Remove unused images', () => import('./commands/image-prune.ts')),
  entry(['system df'], 'Show what takes space on disk', () => import('./commands/system-df.ts')),
  entry(['system prune'], 'Remove what nobody uses', () => import('./commands/system-prune.ts')),
  entry(
    ['container ls', 'container list', 'container ps', 'ps'],
    'List containers',
    () => import('./commands/ps.ts'),
  ),
  entry(
    ['registry gc'],
    'Remove what no image in a registry needs',
    () => import('./commands/registry-gc.ts'),
  ),
  entry(['registry serve'], 'Serve a registry', () => import('./commands/registry-serve.ts')),
  entry(['registry status'], 'Show how a registry is doing', () => import('./commands/registry-status.ts')),
  entry(['image pull', 'pull'], 'Download an image from a registry', () => import('./commands/pull.ts')),
  entry(['image push', 'push'], 'Upload an image to a registry', () => import('./commands/push.ts')),
  entry(['search'], 'Search a registry for images', () => import('./commands/search.ts')),
  entry(both('rename'), 'Rename a container', () => import('./commands/rename.ts')),
  entry(both('restart'), 'Restart containers', () => import('./commands/restart.ts')),
  entry(['container rm', 'container remove', 'rm'], 'Remove containers', () => import('./commands/rm.ts')),
  entry(['image rm', 'image remove', 'rmi'], 'Remove images', () => import('./commands/rmi.ts')),
  entry(both('run'), 'Create and run a new container from an image', () => import('./commands/run.ts')),
  entry(
    ['image save', 'save'],
    'Save images to a tar archive (to standard output unless told otherwise)',
    () => import('./commands/save.ts'),
  ),
  entry(both('start'), 'Start stopped containers', () => import('./commands/start.ts')),
  entry(both('stats'), 'Show what containers use, live', () => import('./commands/stats.ts')),
  entry(both('stop'), 'Stop running containers', () => import('./commands/stop.ts')),
  entry(['image tag', 'tag'], 'Give an image another name', () => import('./commands/tag.ts')),
  entry(both('top'), "Show a container's processes", () => import('./commands/top.ts')),
  entry(
    both('unpause'),
    'Let the processes of paused containers go on',
    () => import('./commands/unpause.ts'),
  ),
  entry(both('update'), "Change containers' limits", () => import('./commands/update.ts')),
  entry(['version'], 'Show the versions of client and engine', () => import('./commands/version.ts')),
  entry(['volume clone'], 'Copy a volume to a new one', () => import('./commands/volume-clone.ts')),
  entry(
    ['volume export'],
    "Export a volume's files as a tar archive",
    () => import('./commands/volume-export.ts'),
  ),
  entry(
    ['volume import'],
    'Fill a new or an empty volume from a tar archive',
    () => import('./commands/volume-import.ts'),
  ),
  entry(['volume rename'], 'Rename a volume', () => import('./commands/volume-rename.ts')),
  entry(['volume create'], 'Create a volume', () => import('./commands/volume-create.ts')),
  entry(
    ['volume inspect'],
    'Show all there is to know about volumes',
    () => import('./commands/volume-inspect.ts'),
  ),
  entry(['volume ls', 'volume list'], 'List volumes', () => import('./commands/volume-ls.ts')),
  entry(['volume prune'], 'Remove unused volumes', () => import('./commands/volume-prune.ts')),
  entry(['volume rm', 'volume remove'], 'Remove volumes', () => import('./commands/volume-rm.ts')),
  entry(
    ['volume update'],
    'Update a volume (cluster volumes only)',
    () => import('./commands/volume-update.ts'),
  ),
  entry(
    both('wait'),
    'Wait until containers stop, then print their exit codes',
    () => import('./commands/wait.ts'),
  ),
  {
    ...entry(
      ['system dial-stdio'],
      'Pass standard input and output on to the engine',
      () => import('./commands/dial-stdio.ts'),
    ),
    hidden: true,
  },
];

/** The entry of a command, from its spelling without the program's name. */
export function findCommand(path: string): CommandEntry | undefined {
  return commands.find((candidate) => candidate.paths.includes(path));
}
