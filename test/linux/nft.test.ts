import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { applyNft, listNft, NftError } from '../../src/linux/index.ts';

const table = `berth-test-${process.pid}`;

after(() => applyNft(`add table inet ${table}\ndelete table inet ${table}\n`));

test('a script is carried out whole or not at all', async () => {
  assert.deepEqual(await listNft('table', 'inet', table), []);
  await assert.rejects(applyNft(`add table inet ${table}\nadd chain inet nowhere c\n`), NftError);
  assert.deepEqual(await listNft('table', 'inet', table), []);
  await applyNft(`table inet ${table} {\n set s { type ifname; }\n}\n`);
  assert.deepEqual(
    (await listNft('table', 'inet', table)).map((object) => Object.keys(object)[0]),
    ['table', 'set'],
  );
});
