import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { needs, run, startEngine, succeed } from '../../harness/index.ts';
import { startDockerRegistry } from '../docker-registry.ts';
import { Files } from './certificates.ts';
import { plainDocker } from './dockerd.ts';
import { RegistryProcess } from './process.ts';
import { call } from './registry.ts';

const BUSYBOX = join(import.meta.dirname, '../../../build/images/busybox.tar');

/** A podman with folders of its own. */
function podman(files: Files, ...args: string[]): Promise<string> {
  const at = ['--root', join(files.folder, 'pod'), '--runroot', join(files.folder, 'podrun')];
  return succeed(run('podman', [...at, '--storage-driver', 'vfs', ...args], { timeout: 120_000 }));
}

function skopeo(...args: string[]): Promise<string> {
  return succeed(run('skopeo', args, { timeout: 120_000 }));
}

suite('clients of registries', () => {
  test('skopeo pushes, inspects, copies, pulls and deletes', needs('skopeo'), async () => {
    using files = new Files();
    await using registry = await RegistryProcess.start();
    const at = (name: string) => `docker://${registry.host}/${name}`;
    const [from, to] = ['--src-tls-verify=false', '--dest-tls-verify=false'];
    await skopeo('copy', to, `docker-archive:${BUSYBOX}`, at('some/busybox:1'));
    await skopeo('copy', to, '--format', 'oci', `docker-archive:${BUSYBOX}`, at('some/busybox:oci'));
    await skopeo('copy', from, to, at('some/busybox:1'), at('other/place:2'));
    const seen = JSON.parse(await skopeo('inspect', '--tls-verify=false', at('other/place:2')));
    assert.deepEqual(seen.RepoTags, ['2']);
    const original = JSON.parse(await skopeo('inspect', '--tls-verify=false', at('some/busybox:1')));
    assert.equal(seen.Digest, original.Digest);
    await skopeo('copy', from, at('some/busybox:oci'), `oci:${files.folder}/layout:x`);
    assert.ok(existsSync(join(files.folder, 'layout/index.json')));
    const tags = JSON.parse(await skopeo('list-tags', '--tls-verify=false', at('some/busybox')));
    assert.deepEqual(tags.Tags, ['1', 'oci']);
    await skopeo('delete', '--tls-verify=false', at('some/busybox:oci'));
    const left = JSON.parse(await skopeo('list-tags', '--tls-verify=false', at('some/busybox')));
    assert.deepEqual(left.Tags, ['1']);
  });

  test(
    'skopeo and podman sign in over TLS, with passwords and with tokens',
    needs('skopeo', 'podman', 'htpasswd', 'root'),
    async () => {
      using files = new Files();
      const { ca, cert, key, certDir } = files.certificate();
      cpSync(ca, join(certDir, 'ca.crt'));
      const htpasswd = await files.users({ ann: 'secret' });
      for (const tokens of [[], ['--tokens']]) {
        const flags = ['--tls-cert', cert, '--tls-key', key, '--htpasswd', htpasswd, ...tokens];
        await using registry = await RegistryProcess.start(...flags);
        const image = `${registry.host}/team/busybox:1`;
        const certs = ['--cert-dir', certDir];
        const refused = await run('skopeo', [
          'copy',
          '--dest-cert-dir',
          certDir,
          `docker-archive:${BUSYBOX}`,
          `docker://${image}`,
        ]);
        assert.notEqual(refused.code, 0);
        const signed = ['--dest-cert-dir', certDir, '--dest-creds', 'ann:secret'];
        await skopeo('copy', ...signed, `docker-archive:${BUSYBOX}`, `docker://${image}`);
        const wrong = await run('skopeo', ['inspect', ...certs, '--creds', 'ann:wrong', `docker://${image}`]);
        assert.notEqual(wrong.code, 0);

        const authFile = join(files.folder, 'auth.json');
        await podman(
          files,
          'login',
          ...certs,
          '--authfile',
          authFile,
          '-u',
          'ann',
          '-p',
          'secret',
          registry.host,
        );
        await podman(files, 'pull', '-q', ...certs, '--authfile', authFile, image);
        await podman(files, 'tag', image, `${registry.host}/team/again:2`);
        await podman(files, 'push', '-q', ...certs, '--authfile', authFile, `${registry.host}/team/again:2`);
        const digest = async (name: string) =>
          JSON.parse(
            await skopeo('inspect', ...certs, '--creds', 'ann:secret', `docker://${registry.host}/${name}`),
          ).Layers;
        assert.equal((await digest('team/again:2')).length, (await digest('team/busybox:1')).length);
        await podman(files, 'rmi', '-af');
      }
    },
  );

  test(
    'images go from Docker to this registry, to Berth, to docker-registry and to Podman, the same',
    needs('root', 'dockerd', 'podman', 'docker-registry'),
    async () => {
      using files = new Files();
      await using registry = await RegistryProcess.start();
      await using docker = await plainDocker();
      const image = `${registry.host}/from/docker:1`;
      const theirs = (...args: string[]) =>
        succeed(run('docker', args, { env: docker.environment, timeout: 120_000 }));
      await theirs('load', '-i', BUSYBOX);
      mkdirSync(join(files.folder, 'context'));
      await theirs('create', '--name', 'made', '--network', 'none', 'busybox', 'true');
      writeFileSync(join(files.folder, 'context/marker'), 'here\n');
      await theirs('cp', join(files.folder, 'context/marker'), 'made:/marker');
      await theirs('commit', 'made', image);
      const pushed = /digest: (sha256:\w+)/.exec(await theirs('push', image))?.[1];
      const id = await theirs('inspect', '-f', '{{.Id}}', image);

      const stored = await call(registry.url, 'HEAD', '/v2/from/docker/manifests/1');
      assert.equal(stored.headers['docker-content-digest'], pushed);
      await using engine = await startEngine({ images: [] });
      await succeed(engine.docker('pull', image));
      assert.equal(await succeed(engine.docker('inspect', '-f', '{{.Id}}', image)), id);
      assert.match(
        await succeed(engine.docker('inspect', '-f', '{{.RepoDigests}}', image)),
        new RegExp(pushed!),
      );
      assert.equal(
        await succeed(engine.docker('run', '--rm', '--network', 'none', image, 'cat', '/marker')),
        'here',
      );
      await using debian = await startDockerRegistry();
      const onward = `${debian.host}/from/berth:1`;
      await succeed(engine.berth('tag', image, onward));
      await succeed(engine.berth('push', '-q', onward));
      const arrived = await call(debian.url, 'HEAD', '/v2/from/berth/manifests/1', {
        headers: { Accept: String(stored.headers['content-type']) },
      });
      assert.equal(arrived.headers['docker-content-digest'], pushed);
      for (const place of [image, onward]) {
        await podman(files, 'pull', '-q', '--tls-verify=false', place);
        assert.equal(`sha256:${await podman(files, 'inspect', '-f', '{{.Id}}', place)}`, id);
      }
      await podman(files, 'rmi', '-af');

      await theirs('rmi', '-f', image);
      await theirs('pull', `${registry.host}/from/docker@${pushed}`);
      const found = await theirs('search', `${registry.host}/docker`);
      assert.match(found, /from\/docker/);
      await theirs('rm', 'made');
    },
  );
});
