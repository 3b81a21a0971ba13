import { Images } from '../../client/index.ts';
import { atLeast, defineCommand } from '../command.ts';
import { openInput } from '../files.ts';
import { list, string } from '../flags.ts';
import { showProgress } from '../progress.ts';

export const command = defineCommand({
  use: '[OPTIONS] file|URL|- [REPOSITORY[:TAG]]',
  args: atLeast(1),
  flags: {
    change: list('Apply Dockerfile instruction to the created image', { short: 'c' }),
    message: string('Set commit message for imported image', { short: 'm' }),
    platform: string('Set platform if server is multi-platform capable', { since: '1.32' }),
  },
  async run({ values, args, cli }) {
    const [source = '', repository] = args;
    const remote = /^(https?|ftp):\/\//.test(source) || /^[\w.-]+\.[a-z]{2,}\//.test(source);
    const body = remote ? undefined : await openInput(source);
    const query = {
      fromSrc: remote ? source : '-',
      repo: repository,
      message: values.message || undefined,
      changes: values.change,
      platform: values.platform || undefined,
    };
    await showProgress(new Images(await cli.client()).create(query, body), 1);
  },
});
