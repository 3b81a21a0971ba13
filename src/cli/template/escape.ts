/** The escapes of text/template's html, js and urlquery. */
import { isPrintable } from './quote.ts';

const HTML: Record<string, string> = {
  '\0': '\ufffd',
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
};

export function escapeHtml(text: string): string {
  return text.replace(/[\0"'&<>]/g, (char) => HTML[char]!);
}

const SCRIPT: Record<string, string> = { '\\': '\\\\', "'": "\\'", '"': '\\"' };

/** Safe inside a JavaScript string literal, and inside a script element. */
export function escapeScript(text: string): string {
  return Array.from(text, escapeScriptChar).join('');
}

function escapeScriptChar(char: string): string {
  const simple = SCRIPT[char];
  if (simple !== undefined) return simple;
  const code = char.codePointAt(0)!;
  const safe = code < 0x80 ? code >= 0x20 && !'<>&='.includes(char) : isPrintable(char);
  return safe ? char : `\\u${code.toString(16).toUpperCase().padStart(4, '0')}`;
}

/** Safe in the query of a URL; a space becomes a plus. */
export function escapeQuery(text: string): string {
  return encodeURIComponent(text.toWellFormed())
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}
