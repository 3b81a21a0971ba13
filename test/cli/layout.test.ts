import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { formatExact, indentJson, parseExact } from '../../src/cli/json-text.ts';
import { displayPorts } from '../../src/cli/ports.ts';
import { layOut } from '../../src/cli/table.ts';

suite('a table', () => {
  test('pads all cells but the last of a line', () => {
    assert.equal(
      layOut([
        ['ID', 'NAME'],
        ['abcdefghijkl', 'x'],
      ]),
      'ID             NAME\nabcdefghijkl   x\n',
    );
  });

  test('has columns only over neighbouring lines', () => {
    assert.equal(
      layOut([['aaaaaaaaaaaa', 'b'], ['alone'], ['a', 'b']], 0, 1),
      'aaaaaaaaaaaa b\nalone\na b\n',
    );
  });

  test('counts characters, not bytes', () => {
    assert.equal(
      layOut(
        [
          ['ééé', 'x'],
          ['abc', 'x'],
        ],
        0,
        1,
      ),
      'ééé x\nabc x\n',
    );
  });
});

suite('JSON text', () => {
  test('is indented without changing what it says', () => {
    const text = '{"a":[1,2.50,{"b":"x:,{}\\"y"}],"c":{},"d":[ ],"e":12345678901234567890}';
    const indented = indentJson(text, '  ');
    assert.equal(
      indented,
      '{\n  "a": [\n    1,\n    2.50,\n    {\n      "b": "x:,{}\\"y"\n    }\n  ],\n  "c": {},\n  "d": [],\n  "e": 12345678901234567890\n}',
    );
  });

  test('keeps every digit of a number', () => {
    const text = '{"n":1795257531799948657,"m":1.5,"k":3}';
    assert.deepEqual(parseExact(text), { n: 1795257531799948657n, m: 1.5, k: 3 });
    assert.equal(formatExact(parseExact(text)), text);
  });
});

suite('ports', () => {
  const port = (PrivatePort: number, PublicPort?: number, IP?: string, Type = 'tcp') => ({
    PrivatePort,
    Type,
    ...(PublicPort ? { PublicPort } : {}),
    ...(IP ? { IP } : {}),
  });

  test('are shown as mappings', () => {
    assert.equal(
      displayPorts([port(80, 8080, '0.0.0.0'), port(80, 8080, '::')]),
      '0.0.0.0:8080->80/tcp, [::]:8080->80/tcp',
    );
    assert.equal(displayPorts([port(443)]), '443/tcp');
  });

  test('are shown as ranges where they follow each other', () => {
    assert.equal(displayPorts([port(82), port(80), port(81), port(90)]), '80-82/tcp, 90/tcp');
    assert.equal(
      displayPorts([port(80, 80, '0.0.0.0'), port(81, 81, '0.0.0.0')]),
      '0.0.0.0:80-81->80-81/tcp',
    );
    assert.equal(displayPorts([port(53, undefined, undefined, 'udp'), port(53)]), '53/tcp, 53/udp');
  });
});
