/** The fields of one line of comma separated values: `a=b,"c=1,2"`. Throws Error. */
export function splitCsv(text: string): string[] {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    const rest = text.slice(at);
    const match = rest.startsWith('"')
      ? /^"((?:[^"]|"")*)"(?=,|$)/.exec(rest)
      : /^([^",]*)(?=,|$)/.exec(rest);
    if (!match) throw new Error(`parse error on line 1, column ${at + 1}: bare " in non-quoted field`);
    fields.push(rest.startsWith('"') ? match[1]!.replaceAll('""', '"') : match[1]!);
    at += match[0].length;
    if (at >= text.length) return fields;
    at++;
  }
}

/** A field as key and value; the value is undefined when there is no equals sign. */
export function keyValue(field: string): [string, string | undefined] {
  const equals = field.indexOf('=');
  return equals < 0 ? [field, undefined] : [field.slice(0, equals), field.slice(equals + 1)];
}
