import { quote } from './quote.ts';

/** Something that has a place in the source; `pos` counts UTF-16 units from the source's start. */
interface At {
  readonly pos: number;
}

export interface FieldNode extends At {
  readonly kind: 'field';
  readonly names: readonly string[];
}

/** `$x.Field`: the first name is the variable's, with its dollar sign. */
export interface VariableNode extends At {
  readonly kind: 'variable';
  readonly names: readonly [string, ...string[]];
}

/** A field of something that is not a field or variable: `(pipeline).Field`. */
export interface ChainNode extends At {
  readonly kind: 'chain';
  readonly operand: Operand;
  readonly names: readonly string[];
}

export interface IdentifierNode extends At {
  readonly kind: 'identifier';
  readonly name: string;
}

export interface NumberNode extends At {
  readonly kind: 'number';
  readonly text: string;
  readonly value: number | bigint;
}

/** `$i, $x := command | command`. */
export interface Pipeline extends At {
  readonly kind: 'pipeline';
  readonly variables: readonly string[];
  /** True for `=`, which sets variables that exist; false for `:=`. */
  readonly assigns: boolean;
  readonly commands: readonly Command[];
}

export type Operand =
  | FieldNode
  | VariableNode
  | ChainNode
  | IdentifierNode
  | NumberNode
  | Pipeline
  | (At & { readonly kind: 'bool'; readonly value: boolean })
  | (At & { readonly kind: 'string'; readonly text: string; readonly value: string })
  | (At & { readonly kind: 'dot' | 'nil' });

export interface Command extends At {
  readonly kind: 'command';
  readonly operands: readonly [Operand, ...Operand[]];
}

export interface TemplateCall extends At {
  readonly kind: 'template';
  readonly name: string;
  readonly pipeline: Pipeline | undefined;
}

export interface ControlNode {
  readonly kind: 'if' | 'with' | 'range';
  readonly pipeline: Pipeline;
  readonly body: readonly Statement[];
  readonly otherwise: readonly Statement[] | undefined;
}

export type Statement =
  | ControlNode
  | TemplateCall
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly pipeline: Pipeline }
  | { readonly kind: 'break' | 'continue' };

/** What an error message can point at. */
export type Locatable = Operand | Command | TemplateCall;

/** The node as an error message shows it between angle brackets. */
export function describe(node: Locatable): string {
  switch (node.kind) {
    case 'field':
      return dotted(node.names);
    case 'variable':
      return node.names.join('.');
    case 'chain':
      return inside(node.operand) + dotted(node.names);
    case 'identifier':
      return node.name;
    case 'bool':
      return String(node.value);
    case 'number':
    case 'string':
      return node.text;
    case 'dot':
      return '.';
    case 'nil':
      return 'nil';
    case 'command':
      return node.operands.map(inside).join(' ');
    case 'template':
      return `{{template ${quote(node.name)}${node.pipeline ? ` ${describe(node.pipeline)}` : ''}}}`;
    case 'pipeline': {
      const commands = node.commands.map(describe).join(' | ');
      if (node.variables.length === 0) return commands;
      return `${node.variables.join(', ')} ${node.assigns ? '=' : ':='} ${commands}`;
    }
  }
}

function inside(operand: Operand): string {
  return operand.kind === 'pipeline' ? `(${describe(operand)})` : describe(operand);
}

function dotted(names: readonly string[]): string {
  return names.map((name) => `.${name}`).join('');
}
