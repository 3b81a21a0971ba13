import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compatibilityDocument } from '../test/compatibility/document.ts';

const docs = join(import.meta.dirname, '../docs');
mkdirSync(docs, { recursive: true });
writeFileSync(join(docs, 'compatibility.md'), compatibilityDocument());
