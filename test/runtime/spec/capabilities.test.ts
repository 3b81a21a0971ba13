import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { InvalidArgument } from '../../../src/api/index.ts';
import { processCapabilities, resolveCapabilities } from '../../../src/runtime/index.ts';
import { needs } from '../../harness/index.ts';

// Without privileges there are none to be handed on.
suite('capabilities', needs('root'), () => {
  const resolve = (add: string[], drop: string[] = []) =>
    resolveCapabilities({ privileged: false, add, drop });

  test('fourteen by default', () => {
    assert.equal(resolve([]).length, 14);
  });

  test('added and dropped, in any spelling', () => {
    assert.ok(resolve(['net_admin']).includes('CAP_NET_ADMIN'));
    assert.ok(!resolve([], ['cap_chown']).includes('CAP_CHOWN'));
    assert.deepEqual(resolve(['NET_RAW'], ['ALL']), ['CAP_NET_RAW']);
    assert.deepEqual(resolve([], ['all']), []);
  });

  test('ALL but some', () => {
    const all = resolve(['ALL'], ['CHOWN']);
    assert.ok(all.length > 14);
    assert.ok(!all.includes('CAP_CHOWN'));
  });

  test('what there is not is refused, with the list that has it', () => {
    assert.throws(() => resolve(['NOSUCH']), InvalidArgument);
    assert.throws(() => resolve([], ['NOSUCH']), InvalidArgument);
  });

  test('only root starts with them in force', () => {
    const names = ['CAP_CHOWN'];
    assert.deepEqual(processCapabilities(names, 0).effective, names);
    const { bounding, effective, permitted, ambient } = processCapabilities(names, 1000);
    assert.deepEqual([bounding, effective, permitted, ambient], [names, [], [], []]);
  });
});
