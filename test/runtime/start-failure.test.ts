import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { startFailure } from '../../src/runtime/start-failure.ts';

suite('what an OCI runtime says about a failed start', () => {
  const cases: ReadonlyArray<readonly [said: string, exitCode: number, status: number, words: RegExp]> = [
    [
      'executable file `nosuch` not found in $PATH',
      127,
      400,
      /"nosuch": executable file not found in \$PATH/,
    ],
    ['executable file `/no/such` not found', 127, 400, /"\/no\/such": no such file or directory/],
    ['exec: "nosuch": executable file not found in $PATH', 127, 400, /executable file not found in \$PATH/],
    ['open executable: Permission denied', 126, 400, /permission denied/],
    ['open executable: Operation not permitted', 126, 400, /is a directory/],
    ['exec format error', 126, 400, /exec format error/],
    ['chdir `/no/such`: No such file or directory', 127, 400, /no such file or directory/],
    ['writing file `cpuset.cpus`: Invalid argument', 128, 500, /cpuset\.cpus/],
  ];
  for (const [said, exitCode, status, words] of cases) {
    test(said, () => {
      for (const prefix of ['', 'crun: ', '2026-01-02T03:04:05.000006Z: crun: ']) {
        const failure = startFailure(`${prefix}${said}\n`);
        assert.deepEqual([failure.exitCode, failure.status], [exitCode, status]);
        assert.match(failure.message, words);
      }
    });
  }
});
