import * as v from 'valibot';
import { ContainerConfigSchema, InvalidArgument } from '../../api/index.ts';
import { nameFrom } from '../../engine/index.ts';
import type { Router } from '../server/router.ts';
import type { ContainersEngine } from './containers.ts';

/** No body, `null` and `{}` all mean that the container's own config counts. */
const CommitSchema = v.union([
  v.pipe(
    v.strictObject({}),
    v.transform(() => undefined),
  ),
  ContainerConfigSchema,
]);

/** `POST /commit`. */
export function commitRoutes(router: Router, { containers }: ContainersEngine): void {
  router.post('/commit', async (ctx) => {
    const { query } = ctx;
    const container = query.get('container') ?? '';
    if (container === '')
      throw new InvalidArgument('no container to make an image of: name it in "container"');
    const repository = query.get('repo') ?? '';
    const config = ctx.hasBody ? await ctx.json(CommitSchema) : undefined;
    const id = await containers.commit(container, {
      reference: repository === '' ? undefined : nameFrom(repository, query.get('tag') ?? ''),
      comment: query.get('comment') ?? '',
      author: query.get('author') ?? '',
      pause: ctx.bool('pause', true),
      changes: query.getAll('changes'),
      config,
    });
    ctx.send(201, { Id: id });
  });
}
