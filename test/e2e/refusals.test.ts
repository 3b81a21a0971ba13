import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { REFUSALS } from '../compatibility/refusals.ts';
import { needs, startEngine, type TestEngine } from '../harness/index.ts';

suite('what is refused says why', needs('root', 'docker'), () => {
  let engine: TestEngine;
  before(async () => {
    engine = await startEngine();
  });
  after(() => engine[Symbol.asyncDispose]());

  for (const { row, given, error } of REFUSALS) {
    if ('request' in given) {
      test(given.request, async () => {
        const [method = '', path = ''] = given.request.split(' ');
        const answer = await engine.request(method, path);
        assert.equal(answer.status, given.status, answer.text);
        assert.ok(answer.text.includes(error), answer.text);
      });
    } else {
      test(`docker ${row.replace(/ --.*/, '')} ${given.join(' ')}`, async () => {
        const command = row.replace(/ --.*/, '').split(' ');
        const result = await engine.docker(...command, ...given, 'busybox', 'true');
        assert.notEqual(result.code, 0, result.stdout);
        assert.ok(result.stderr.includes(error), result.stderr);
      });
    }
  }

  test('after all of them no container is left', async () => {
    assert.deepEqual((await engine.request('GET', '/containers/json?all=1')).json(), []);
  });
});
