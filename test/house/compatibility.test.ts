import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { commands } from '../../src/cli/commands.ts';
import { accountingErrors, compatibilityDocument } from '../compatibility/document.ts';
import { COMMANDS, type Command, flagsOf } from '../compatibility/surface.ts';
import { checkout } from './sources.ts';

suite('docs/compatibility.md', () => {
  test('every flag, command and endpoint is proven, refused, or named as unproven', () => {
    assert.deepEqual(accountingErrors(), []);
  });

  test('is what the tests make of it', () => {
    const written = readFileSync(join(checkout, 'docs/compatibility.md'), 'utf8');
    assert.equal(written, compatibilityDocument(), 'run: sh scripts/compatibility');
  });

  for (const command of Object.keys(COMMANDS) as Command[]) {
    test(`berth ${command} has the flags of docker ${command}`, async () => {
      const entry = commands.find(({ paths }) => paths.includes(command));
      const ours = (await entry?.load())?.command.flags;
      const expected = flagsOf(command === 'create' ? 'run' : command).filter(
        ({ long }) => command !== 'create' || !['--detach', '--detach-keys', '--sig-proxy'].includes(long),
      );
      const missing = expected.filter(({ long, short }) => {
        const flag = ours?.[long.slice(2)];
        return flag === undefined || flag.short !== short?.slice(1);
      });
      assert.deepEqual(missing, []);
    });
  }
});
