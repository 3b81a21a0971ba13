/**
 * The expected texts in go-cases.json were written by Go's own text/template (Go 1.26) with Docker's functions, on
 * the same data with integers as int, floats as float64, and lists and maps of nothing but strings typed as such.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { compileTemplate, TemplateError } from '../../../src/cli/template/index.ts';

interface Group {
  readonly about: string;
  readonly name?: string;
  readonly missingKey?: 'error';
  readonly data: unknown;
  /** Template and what it prints. */
  readonly prints: readonly [string, string][];
  /** Template and Go's error. */
  readonly fails: readonly [string, string][];
}

const groups: Group[] = JSON.parse(readFileSync(new URL('./go-cases.json', import.meta.url), 'utf8'));

describe('templates do as Go does', () => {
  for (const group of groups) {
    const run = (source: string): string => {
      const { name, missingKey } = group;
      const options = { ...(name && { name }), ...(missingKey && { missingKey }) };
      return compileTemplate(source, options).execute(group.data);
    };

    it(`${group.about}: prints`, () => {
      for (const [source, expected] of group.prints) assert.equal(run(source), expected, source);
    });

    it(`${group.about}: fails`, () => {
      for (const [source, expected] of group.fails) {
        assert.throws(
          () => run(source),
          (error) => error instanceof TemplateError && error.detail === expected,
          `${source} should fail with ${expected}`,
        );
      }
    });
  }
});
