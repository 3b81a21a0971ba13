import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as v from 'valibot';
import { CreateContainerSchema } from '../../../src/api/index.ts';
import { type ImageRunConfig, mergeConfig } from '../../../src/engine/containers/merge.ts';

suite('a container’s config over that of its image', () => {
  const merge = (own: object, image: ImageRunConfig) => {
    const { HostConfig: _host, NetworkingConfig: _networks, ...config } = v.parse(CreateContainerSchema, own);
    return mergeConfig(config, image);
  };
  const image: ImageRunConfig = {
    Entrypoint: ['/entry'],
    Cmd: ['default'],
    Env: ['A=image', 'B=image'],
    User: 'app',
    WorkingDir: '/srv',
    Labels: { from: 'image', only: 'image' },
    ExposedPorts: { '80/tcp': {} },
    StopSignal: 'SIGQUIT',
  };

  test('what the container does not set is the image’s', () => {
    const { Entrypoint, Cmd, User, WorkingDir, StopSignal } = merge({}, image);
    assert.deepEqual(
      { Entrypoint, Cmd, User, WorkingDir, StopSignal },
      { Entrypoint: ['/entry'], Cmd: ['default'], User: 'app', WorkingDir: '/srv', StopSignal: 'SIGQUIT' },
    );
  });

  test('what it sets wins', () => {
    const { User, WorkingDir, StopSignal } = merge(
      { User: 'me', WorkingDir: '/w', StopSignal: 'INT' },
      image,
    );
    assert.deepEqual([User, WorkingDir, StopSignal], ['me', '/w', 'INT']);
  });

  test('variables, labels and ports add up', () => {
    const { Env, Labels, ExposedPorts } = merge(
      { Env: ['A=own', 'C=own'], Labels: { from: 'own' }, ExposedPorts: { '90/udp': {} } },
      image,
    );
    assert.deepEqual(Env, ['A=own', 'C=own', 'B=image']);
    assert.deepEqual(Labels, { from: 'own', only: 'image' });
    assert.deepEqual(Object.keys(ExposedPorts).sort(), ['80/tcp', '90/udp']);
  });

  test('a command keeps the image’s entry point; an entry point drops the image’s command', () => {
    const words = (own: object) => {
      const { Entrypoint, Cmd } = merge(own, image);
      return [...(Entrypoint ?? []), ...(Cmd ?? [])];
    };
    assert.deepEqual(words({ Cmd: ['own'] }), ['/entry', 'own']);
    assert.deepEqual(words({ Entrypoint: ['/own'] }), ['/own']);
    assert.deepEqual(words({ Entrypoint: ['/own'], Cmd: ['x'] }), ['/own', 'x']);
    assert.deepEqual(words({ Entrypoint: [''], Cmd: ['x'] }), ['x']);
    assert.deepEqual(words({ Entrypoint: [], Cmd: [] }), ['/entry', 'default']);
  });
});
