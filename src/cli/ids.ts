/** The first twelve digits of an ID, without its algorithm. */
export function shortId(id: string): string {
  const colon = id.indexOf(':');
  return id.slice(colon + 1, colon + 13);
}

/** `text` in at most `width` characters, the last of them three dots that stand for the rest. */
export function ellipsis(text: string, width: number): string {
  const characters = [...text];
  if (characters.length <= width) return text;
  if (width <= 1) return characters.slice(0, width).join('');
  return `${characters.slice(0, width - 1).join('')}…`;
}
