const MIN_WIDTH = 10;
const PADDING = 3;

/**
 * Lays out lines of cells under each other, three blanks apart and no column narrower than ten. Cells before a line's last
 * belong to columns; a column reaches over neighbouring lines that have it, as in Go's tabwriter.
 */
export function layOut(
  lines: readonly (readonly string[])[],
  minWidth = MIN_WIDTH,
  padding = PADDING,
): string {
  const widths = lines.map((line) => new Array<number>(line.length).fill(0));
  measure(lines, widths, 0, lines.length, 0, minWidth, padding);
  return lines
    .map((line, row) => line.map((cell, column) => pad(cell, widths[row]![column]!)).join(''))
    .map((line) => `${line}\n`)
    .join('');
}

function measure(
  lines: readonly (readonly string[])[],
  widths: number[][],
  from: number,
  to: number,
  column: number,
  minWidth: number,
  padding: number,
): void {
  let row = from;
  while (row < to) {
    if (lines[row]!.length <= column + 1) {
      row++;
      continue;
    }
    const start = row;
    let width = minWidth;
    while (row < to && lines[row]!.length > column + 1) {
      width = Math.max(width, visibleLength(lines[row]![column]!) + padding);
      row++;
    }
    for (let i = start; i < row; i++) widths[i]![column] = width;
    measure(lines, widths, start, row, column + 1, minWidth, padding);
  }
}

function visibleLength(text: string): number {
  let length = 0;
  for (const _ of text) length++;
  return length;
}

function pad(text: string, width: number): string {
  return width === 0 ? text : text + ' '.repeat(Math.max(0, width - visibleLength(text)));
}
