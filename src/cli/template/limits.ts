/** Characters (UTF-16 units) that one execution may write, and that one function may return. */
export const MAX_OUTPUT = 64 * 1024 * 1024;

/** Parentheses and control blocks inside one another in a template's source. */
export const MAX_NESTING = 200;

/** Lists, pipelines and `{{template}}` calls open at once; what JavaScript's stack holds with room to spare. */
export const MAX_DEPTH = 400;

/** Maps and slices inside one another that a value may have and still be printed; cyclic data ends here. */
export const MAX_VALUE_DEPTH = 500;

/** The largest width or precision of a printf verb, as in Go's fmt. */
export const MAX_FIELD_WIDTH = 1_000_000;
