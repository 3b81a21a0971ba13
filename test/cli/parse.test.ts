import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { UsageError } from '../../src/cli/errors.ts';
import { bool, bytes, duration, filter, int, list, map, string } from '../../src/cli/flags.ts';
import { parseFlags } from '../../src/cli/parse.ts';

const flags = {
  detach: bool('', { short: 'd' }),
  interactive: bool('', { short: 'i' }),
  tty: bool('', { short: 't' }),
  proxy: bool('', { initial: true }),
  env: list('', { short: 'e' }),
  name: string(''),
  memory: bytes('', { short: 'm' }),
  time: int('', { short: 'n' }),
  wait: duration(''),
  sysctl: map(''),
  filter: filter('', { short: 'f' }),
};

function parse(line: string, interspersed = true) {
  return parseFlags(flags, line.split(' '), { interspersed });
}

suite('flags', () => {
  test('come long or short, with their values behind a blank or an equals sign', () => {
    const { values, args } = parse('--name=a -e A=1 -eB=2 -e=C=3 --env D=4 x -n5 -m 64m');
    assert.equal(values.name, 'a');
    assert.deepEqual(values.env, ['A=1', 'B=2', 'C=3', 'D=4']);
    assert.equal(values.time, 5);
    assert.equal(values.memory, 64 * 1024 * 1024);
    assert.deepEqual(args, ['x']);
  });

  test('that are short can be bundled, the last one taking the rest', () => {
    const { values } = parse('-itd -tn7');
    assert.deepEqual([values.interactive, values.tty, values.detach, values.time], [true, true, true, 7]);
  });

  test('that are switches can be switched off', () => {
    const { values } = parse('--proxy=false --detach=true -i=0 -t=1');
    assert.deepEqual(
      [values.proxy, values.detach, values.interactive, values.tty],
      [false, true, false, true],
    );
  });

  test('end at --, and a lone dash is an argument', () => {
    assert.deepEqual(parse('-d -- --name x').args, ['--name', 'x']);
    assert.deepEqual(parse('- -d').args, ['-']);
  });

  test('end at the first argument where the command has flags of its own', () => {
    const { values, args } = parse('-d image cmd -i --name x', false);
    assert.deepEqual(args, ['image', 'cmd', '-i', '--name', 'x']);
    assert.equal(values.interactive, false);
    assert.equal(values.detach, true);
  });

  test('take values that look like flags', () => {
    assert.equal(parse('--name -d').values.name, '-d');
    assert.equal(parse('-n -1').values.time, -1);
  });

  test('collect maps and filters', () => {
    const { values } = parse('--sysctl a=b --sysctl c=d=e -f label=x -f label=y -f status=up');
    assert.deepEqual(values.sysctl, { a: 'b', c: 'd=e' });
    assert.deepEqual(values.filter, { label: ['x', 'y'], status: ['up'] });
  });

  test('know which of them were given', () => {
    assert.deepEqual([...parse('--name= -d').changed], ['name', 'detach']);
  });

  test('ask for help by --help and by -h', () => {
    assert.equal(parse('-d --help --nope').help, true);
    assert.equal(parse('-h').helpByShorthand, true);
  });

  for (const [line, message] of [
    ['--nope', 'unknown flag: --nope'],
    ['-dxi', "unknown shorthand flag: 'x' in -xi"],
    ['--name', 'flag needs an argument: --name'],
    ['-de', "flag needs an argument: 'e' in -e"],
    ['---name', 'bad flag syntax: ---name'],
    ['--=x', 'bad flag syntax: --=x'],
    [
      '-d=maybe',
      'invalid argument "maybe" for "-d, --detach" flag: strconv.ParseBool: parsing "maybe": invalid syntax',
    ],
    ['-n x', 'invalid argument "x" for "-n, --time" flag: strconv.ParseInt: parsing "x": invalid syntax'],
    ['-m 5q', 'invalid argument "5q" for "-m, --memory" flag: invalid suffix: \'q\''],
    ['--wait 5', 'invalid argument "5" for "--wait" flag: time: missing unit in duration "5"'],
    ['--constructor', 'unknown flag: --constructor'],
  ] as const) {
    test(`are refused: ${line}`, () => {
      assert.throws(
        () => parse(line),
        (error) => error instanceof UsageError && error.message === message && error.exitCode === 125,
      );
    });
  }
});
