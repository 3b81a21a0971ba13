import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compileTemplate, TemplateError, type TemplateOptions } from '../../../src/cli/template/index.ts';

function run(source: string, data: unknown = {}, options: TemplateOptions = {}): string {
  return compileTemplate(source, options).execute(data);
}

function failure(source: string, data: unknown = {}, options: TemplateOptions = {}): TemplateError {
  try {
    run(source, data, options);
  } catch (error) {
    assert.ok(error instanceof TemplateError, String(error));
    return error;
  }
  return assert.fail(`${source} did not fail`);
}

describe('json', () => {
  it('keeps the order of the keys and does not escape HTML', () => {
    assert.equal(run('{{json .}}', { b: '<&>', a: [1, null, true] }), '{"b":"<&>","a":[1,null,true]}');
  });

  it('writes what methods return, and null for a missing field', () => {
    assert.equal(run('{{json .}}', { ID: () => 'abc' }), '{"ID":"abc"}');
    assert.equal(run('{{json .Missing}}'), 'null');
  });
});

describe('methods', () => {
  class Row {
    readonly #id = 'abc';
    ID(): string {
      return this.#id;
    }
    get Name(): string {
      return 'web';
    }
    Label(key: string): string {
      return `<${key}>`;
    }
    Fail(): never {
      throw new Error('no such thing');
    }
  }

  it('are called as fields, with arguments and at the end of a pipeline', () => {
    assert.equal(run('{{.ID}} {{.Name}} {{.Label "a"}} {{"b" | .Label}}', new Row()), 'abc web <a> <b>');
    assert.equal(run('{{.ID}}', { ID: () => 7 }), '7');
  });

  it('fail the template when they throw or lack an argument', () => {
    assert.equal(
      failure('{{.Fail}}', new Row()).detail,
      'template: :1:2: executing "" at <.Fail>: error calling Fail: no such thing',
    );
    assert.match(failure('{{.Label}}', new Row()).detail, /wrong number of args for Label: want 1 got 0$/);
  });

  it('are never those that every object inherits', () => {
    for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
      assert.equal(run(`{{.${name}}}`, {}), '<no value>');
      assert.equal(run(`{{.${name}}}`, new Row()), '<no value>');
    }
  });
});

describe('functions of the caller', () => {
  const functions = { double: (n: number) => n * 2, upper: () => 'mine', broken: () => assert.fail('oh') };

  it('are called, and win over those of the same name', () => {
    assert.equal(run('{{double 4}} {{5 | double}} {{upper "x"}}', {}, { functions }), '8 10 mine');
  });

  it('fail the template when they throw', () => {
    assert.match(failure('{{broken}}', {}, { functions }).detail, /at <broken>: error calling broken: oh$/);
  });
});

describe('errors', () => {
  it('tell a template that cannot be read from one that cannot run', () => {
    const parse = failure('{{.Foo');
    assert.equal(parse.phase, 'parse');
    assert.equal(parse.message, 'template parsing error: template: :1: unclosed action');
    const run = failure('{{.Foo}}', {}, { missingKey: 'error' });
    assert.equal(run.phase, 'execute');
    assert.equal(
      run.message,
      'template parsing error: template: :1:2: executing "" at <.Foo>: map has no entry for key "Foo"',
    );
  });

  it('name the Go type of the data when the caller gives it', () => {
    assert.equal(
      failure('{{.Foo}}', { ID: 'x' }, { rootType: '*formatter.ContainerContext' }).detail,
      `template: :1:2: executing "" at <.Foo>: can't evaluate field Foo in type *formatter.ContainerContext`,
    );
  });

  it('leave the template usable', () => {
    const template = compileTemplate('{{index .List 1}}');
    assert.throws(() => template.execute({ List: [] }), TemplateError);
    assert.equal(template.execute({ List: [1, 2] }), '2');
  });
});

describe('null', () => {
  it('prints as nil, and counts as empty', () => {
    assert.equal(run('{{.N}} {{len .N}} {{range .N}}x{{else}}none{{end}}', { N: null }), '<nil> 0 none');
    assert.equal(run('[{{index .Labels "x"}}]', { Labels: null }), '[]');
    assert.match(failure('{{.N.Foo}}', { N: null }).detail, /nil pointer evaluating interface {}\.Foo$/);
  });

  it('prints as the empty map or slice that the caller says it is', () => {
    const fieldKinds = { Labels: 'map', Binds: 'slice' } as const;
    const data = { Labels: null, Host: { Binds: null } };
    assert.equal(run('{{.Labels}} {{.Host.Binds}}', data, { fieldKinds }), 'map[] []');
    assert.equal(run('{{json .Labels}} {{json .Host.Binds}}', data, { fieldKinds }), 'null null');
    assert.equal(run('{{.Labels.x}}', data, { fieldKinds, missingKey: 'error' }), '<no value>');
  });

  it('as the data itself is no value', () => {
    assert.equal(run('{{.}} {{.Foo}}', null), '<no value> <no value>');
  });
});

describe('a missing key', () => {
  it('is no value in a map and an error in a struct', () => {
    const options = { missingKey: 'error', fieldKinds: { Labels: 'map' } } as const;
    const data = { Config: { Labels: { a: '1' } } };
    assert.equal(run('{{.Config.Labels.b}}', data, options), '<no value>');
    assert.match(failure('{{.Config.b}}', data, options).detail, /map has no entry for key "b"$/);
  });
});

describe('numbers', () => {
  it('that are whole print as integers, whatever their size', () => {
    assert.equal(run('{{.N}} {{.Big}}', { N: 1e6, Big: 2n ** 62n }), '1000000 4611686018427387904');
  });

  it('serve as ints and floats alike', () => {
    assert.equal(run('{{printf "%.1f %d" .N .N}} {{lt .N 2.5}} {{eq .N 2.0}}', { N: 2 }), '2.0 2 true true');
  });
});

describe('limits', () => {
  it('end a template that calls itself', () => {
    const error = failure('{{define "x"}}{{if true}}{{template "x" .}}{{end}}{{end}}{{template "x" .}}');
    assert.match(error.detail, /exceeded maximum template depth/);
  });

  it('refuse a source that is nested too deeply', () => {
    assert.match(failure(`{{${'('.repeat(5000)}1${')'.repeat(5000)}}}`).detail, /max expression depth/);
    assert.match(failure(`${'{{if 1}}'.repeat(5000)}${'{{end}}'.repeat(5000)}`).detail, /max nesting depth/);
    assert.match(failure(`{{if 0}}${'{{else if 0}}'.repeat(5000)}{{end}}`).detail, /max nesting depth/);
  });

  it('accept a source that is nested as deeply as may be', () => {
    assert.equal(run(`{{${'('.repeat(199)}1${')'.repeat(199)}}}`), '1');
    assert.equal(run(`${'{{if 1}}'.repeat(150)}x${'{{end}}'.repeat(150)}`), 'x');
  });

  it('end an output that grows without end', () => {
    const source = '{{range 10000000}}{{"0123456789abcdef0123456789abcdef"}}{{end}}';
    assert.match(failure(source).detail, /output is longer than/);
    const doubling = '{{$x := "ab"}}{{range 60}}{{$x = print $x $x}}{{end}}';
    assert.match(failure(doubling).detail, /result is longer than/);
    assert.match(failure('{{pad "x" 1000000000 1000000000}}').detail, /Repeat output length overflow/);
    assert.equal(run('{{printf "%9999999999d" 1}}'), '%!(BADWIDTH)1');
  });

  it('end the printing of data that holds itself', () => {
    const data: Record<string, unknown> = {};
    data.Self = data;
    assert.match(failure('{{.}}', data).detail, /nested too deeply/);
    assert.equal(failure('{{json .}}', data).phase, 'execute');
  });
});
