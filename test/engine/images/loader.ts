/** A program that loads an archive again and again under new names until it is killed: `loader.ts DATA-ROOT ARCHIVE`. */
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { CONFIG_DEFAULTS } from '../../../src/engine/config.ts';
import { Database } from '../../../src/engine/database.ts';
import { ImageService } from '../../../src/engine/images/index.ts';
import { RegistryClient } from '../../../src/registry/index.ts';

const [dataRoot = '', archive = ''] = process.argv.slice(2);
const images = await ImageService.open({
  database: new Database(join(dataRoot, 'berth.db')),
  dataRoot,
  registry: new RegistryClient(CONFIG_DEFAULTS),
  transfers: CONFIG_DEFAULTS,
  events: { publish: () => {} },
  usersOf: () => [],
});
process.stdout.write('ready\n');
for (;;) {
  const [id] = await images.load(createReadStream(archive));
  await images.remove(id!, { force: true });
}
