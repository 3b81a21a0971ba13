/** Parses JSON without losing digits: whole numbers beyond what a double holds become bigints. */
export function parseExact(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown, context?: { source?: string }) => {
    const inexact = typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value);
    return inexact && /^-?\d+$/.test(context?.source ?? '') ? BigInt(context!.source!) : value;
  });
}

/** Text that `JSON.stringify` puts in as it is. TypeScript's library does not know of it yet. */
const rawJson = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON;

/** The JSON of what `parseExact` returned. */
export function formatExact(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) =>
    typeof member === 'bigint' ? rawJson(String(member)) : member,
  );
}

/** JSON text with the indentation that `docker inspect` has. Numbers, escapes and the order of keys stay as they came. */
export function indentJson(text: string, indent = '    '): string {
  let out = '';
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const c = text[at]!;
    if (c === '"') {
      const end = endOfString(text, at);
      out += text.slice(at, end);
      at = end - 1;
    } else if (c === '{' || c === '[') {
      const next = skipBlanks(text, at + 1);
      if (text[next] === '}' || text[next] === ']') {
        out += c + text[next];
        at = next;
      } else {
        depth++;
        out += `${c}\n${indent.repeat(depth)}`;
      }
    } else if (c === '}' || c === ']') {
      depth--;
      out += `\n${indent.repeat(depth)}${c}`;
    } else if (c === ',') {
      out += `,\n${indent.repeat(depth)}`;
    } else if (c === ':') {
      out += ': ';
    } else if (!isBlank(c)) {
      out += c;
    }
  }
  return out;
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

function skipBlanks(text: string, start: number): number {
  let at = start;
  while (at < text.length && isBlank(text[at]!)) at++;
  return at;
}

function isBlank(c: string): boolean {
  return c === ' ' || c === '\n' || c === '\r' || c === '\t';
}
