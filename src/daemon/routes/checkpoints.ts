import { CreateCheckpointSchema } from '../../api/index.ts';
import type { Router } from '../server/router.ts';
import type { ContainersEngine } from './containers.ts';

/** `/containers/{id}/checkpoints`, experimental as with dockerd. */
export function checkpointRoutes(router: Router, { containers }: ContainersEngine): void {
  router.post('/containers/{id}/checkpoints', async (ctx) => {
    const { CheckpointID, CheckpointDir, Exit } = await ctx.json(CreateCheckpointSchema);
    await containers.createCheckpoint(ctx.params['id']!, {
      ...{ name: CheckpointID, folder: CheckpointDir, exit: Exit },
    });
    ctx.send(201);
  });

  router.get('/containers/{id}/checkpoints', (ctx) => {
    ctx.send(200, containers.checkpoints(ctx.params['id']!, ctx.query.get('dir') ?? ''));
  });

  router.delete('/containers/{id}/checkpoints/{checkpoint}', (ctx) => {
    const { id, checkpoint } = ctx.params;
    containers.removeCheckpoint(id!, { name: checkpoint!, folder: ctx.query.get('dir') ?? '' });
    ctx.send(204);
  });
}
