/** The types that a function's parameters can have, with what a value of each is in JavaScript. */
export interface ParameterValues {
  any: unknown;
  string: string;
  int: number;
  '[]string': readonly unknown[];
}

export type ParameterType = keyof ParameterValues;

/** A function as templates call it: its parameters are checked before it is called. */
export interface Signature {
  readonly parameters: readonly ParameterType[];
  /** True when any number of further arguments of any type may follow. */
  readonly variadic: boolean;
  readonly call: (args: readonly unknown[]) => unknown;
}

type Values<P extends readonly ParameterType[]> = { -readonly [I in keyof P]: ParameterValues[P[I]] };

/** A function of exactly these parameters. */
export function fixed<const P extends readonly ParameterType[]>(
  parameters: P,
  call: (...args: Values<P>) => unknown,
): Signature {
  return { parameters, variadic: false, call: (args) => call(...(args as Values<P>)) };
}

/** A function of these parameters and any number of others. */
export function variadic<const P extends readonly ParameterType[]>(
  parameters: P,
  call: (...args: [...Values<P>, ...unknown[]]) => unknown,
): Signature {
  return { parameters, variadic: true, call: (args) => call(...(args as [...Values<P>, ...unknown[]])) };
}
