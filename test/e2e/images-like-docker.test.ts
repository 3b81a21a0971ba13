import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { suite, test } from 'node:test';
import { dockerEngine } from '../../bench/engines.ts';
import { needs, run, startEngine } from '../harness/index.ts';

const IMAGES = resolve(import.meta.dirname, '../../build/images');
/** Of the image busybox, which is the same on both engines. */
const ID = '$(docker images -q busybox | head -1)';

/** Commands on images, in turn, and what is done between them. */
const SCRIPT = `
exec 2>&1
say() { echo "+ $*"; "$@"; }
list() { echo "+ docker images $*"; docker images --format '{{.Repository}}:{{.Tag}} {{.ID}} {{.Size}}' "$@" | sort; }
load() { say docker load -i ${IMAGES}/$1.tar; }
load busybox; load hello-world
say docker load -qi ${IMAGES}/hello-world.tar
for name in a/b:1 a/b:2 c; do docker tag busybox $name; done
list; list a/b; list a/b:2; list -a
list --filter reference='a/*'; list --filter before=hello-world; list --filter since=hello-world
list --filter dangling=true; list --filter dangling=false; list --filter label=x
docker history -q busybox; docker history --no-trunc --format '{{.ID}} {{.CreatedBy}} {{.Size}} {{.Comment}}' hello-world
id=${ID}
echo 'by name and by ID'
say docker rmi a/b; say docker rmi a/b:1; say docker rmi $id; say docker rmi sha256:$id; say docker rmi -f nope
echo 'with a stopped container'
docker create --name used --network none busybox true >/dev/null
say docker rmi a/b:2; say docker rmi c:latest; say docker rmi busybox; say docker rmi $id; list
say docker rmi -f busybox; list; list -a
docker rm used >/dev/null; load busybox
echo 'with a running container'
docker run -d --name used --network none busybox sleep 1000 >/dev/null
say docker rmi busybox; say docker rmi -f $id; say docker rmi -f busybox; list
docker rm -f used >/dev/null; list
say docker rmi $id; list -a
echo 'with an image that was made from it'
load busybox
docker run --name used --network none busybox sh -c 'echo x >/x'; docker commit used child >/dev/null; docker rm used >/dev/null
say docker rmi $id; say docker rmi -f $id; say docker rmi busybox
docker images -q | wc -l; docker images -aq | wc -l; say docker image prune -f
docker rmi --no-prune child | wc -l; docker images -aq | wc -l
echo 'what is wrong'
say docker rmi nope hello-world; say docker tag nope x; say docker tag busybox X
say docker image prune -af; list -a
`;

suite('the commands on images', needs('root', 'docker', 'dockerd'), () => {
  test("say what they say to Docker's engine", async () => {
    await using theirs = dockerEngine();
    await theirs.start();
    await using ours = await startEngine({ images: [] });
    const outputs: string[] = [];
    for (const environment of [theirs.environment, ours.environment()]) {
      // What both engines speak.
      const env = { ...environment, DOCKER_API_VERSION: '1.41' };
      const { stdout } = await run('sh', ['-c', SCRIPT], { env, timeout: 150_000 });
      outputs.push(withoutChance(stdout));
    }
    const [docker, berth] = outputs as [string, string];
    assert.ok(docker.includes('must be forced') && docker.includes('cannot be forced'));
    assert.equal(berth, docker);
  });
});

/** Containers have other IDs on each engine, and what comes free depends on what is kept. */
function withoutChance(text: string): string {
  return text
    .replaceAll(/container [0-9a-f]{12}/g, 'container ID')
    .replaceAll(/space: [1-9][\d.]*\w?B/g, 'space: SIZE');
}
