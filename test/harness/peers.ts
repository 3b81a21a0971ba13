import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

/**
 * What a test cannot run without: `root`, or a program of another project. Given to `test` or `suite` as their options:
 * it skips them, by name, where something is missing. With BERTH_REQUIRE_PEERS=1, as in .ci/run, nothing is skipped, and
 * the missing program then fails the test.
 *
 *     test('docker ps shows a container', needs('root', 'docker'), async () => { ... });
 */
export function needs(...wanted: string[]): { skip: string | false } {
  if (process.env['BERTH_REQUIRE_PEERS'] === '1') return { skip: false };
  const missing = wanted.filter((name) => (name === 'root' ? process.getuid?.() !== 0 : !onPath(name)));
  return { skip: missing.length > 0 && `needs ${missing.join(', ')}` };
}

function onPath(program: string): boolean {
  return `${process.env['PATH']}:/usr/sbin:/sbin`.split(':').some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
