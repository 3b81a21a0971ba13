import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  familiarName,
  familiarReference,
  InvalidArgument,
  parseReference,
  repositoryOf,
  withDefaultTag,
} from '../../src/api/index.ts';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

describe('parseReference', () => {
  const cases: [text: string, repository: string, tag: string | undefined, familiar: string][] = [
    ['busybox', 'docker.io/library/busybox', undefined, 'busybox'],
    ['busybox:1.36', 'docker.io/library/busybox', '1.36', 'busybox:1.36'],
    ['library/busybox', 'docker.io/library/busybox', undefined, 'busybox'],
    ['docker.io/busybox', 'docker.io/library/busybox', undefined, 'busybox'],
    ['index.docker.io/me/app', 'docker.io/me/app', undefined, 'me/app'],
    ['me/app:x', 'docker.io/me/app', 'x', 'me/app:x'],
    ['localhost/app', 'localhost/app', undefined, 'localhost/app'],
    ['localhost:5000/app:1', 'localhost:5000/app', '1', 'localhost:5000/app:1'],
    ['ghcr.io/a/b/c', 'ghcr.io/a/b/c', undefined, 'ghcr.io/a/b/c'],
    ['Host/app', 'Host/app', undefined, 'Host/app'],
    ['[2001:db8::1]:5000/app', '[2001:db8::1]:5000/app', undefined, '[2001:db8::1]:5000/app'],
    ['a__b/c-d.e_f', 'docker.io/a__b/c-d.e_f', undefined, 'a__b/c-d.e_f'],
  ];
  for (const [text, repository, tag, familiar] of cases) {
    test(`reads ${text}`, () => {
      const reference = parseReference(text);
      assert.equal(repositoryOf(reference), repository);
      assert.equal(reference.tag, tag);
      assert.equal(familiarReference(reference), familiar);
    });
  }

  test('reads a digest, with and without a tag', () => {
    const reference = parseReference(`me/app:1@${digest}`);
    assert.deepEqual([reference.tag, reference.digest], ['1', digest]);
    assert.equal(familiarReference(reference), `me/app:1@${digest}`);
    assert.equal(withDefaultTag(parseReference(`app@${digest}`)).tag, undefined);
  });

  test('adds the tag latest where nothing else is said', () => {
    assert.equal(familiarReference(withDefaultTag(parseReference('busybox'))), 'busybox:latest');
    assert.equal(familiarName(parseReference('busybox:1')), 'busybox');
  });

  const wrong = [
    '',
    ':tag',
    'a:',
    'UPPER',
    'me/UPPER',
    'a b',
    'a//b',
    '/a',
    'a/',
    '-a',
    'a..b',
    'a:b c',
    'a@sha256:12',
  ];
  for (const text of [...wrong, '0'.repeat(64), `a/${'b'.repeat(300)}`, `a:${'t'.repeat(129)}`]) {
    test(`refuses "${text.slice(0, 20)}"`, () => {
      assert.throws(() => parseReference(text), InvalidArgument);
    });
  }
});
