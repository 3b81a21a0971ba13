import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { applyNft, listNft, NftError } from '../../src/linux/index.ts';

const table = { family: 'inet', name: `berth-test-${process.pid}` };

after(() => applyNft(`add table inet ${table.name}\ndelete table inet ${table.name}\n`));

test('a script is carried out whole or not at all', async () => {
  assert.deepEqual(await listNft(table), []);
  await assert.rejects(applyNft(`add table inet ${table.name}\nadd chain inet nowhere c\n`), NftError);
  assert.deepEqual(await listNft(table), []);
  await applyNft(`table inet ${table.name} {\n set s { type ifname; }\n}\n`);
  assert.deepEqual(
    (await listNft(table)).map((object) => Object.keys(object)[0]),
    ['table', 'set'],
  );
});
