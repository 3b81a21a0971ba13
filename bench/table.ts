import { type Comparison, median } from './measure.ts';

/** The report as a Markdown table: medians, the ratio of Berth to Docker, and how that stands to its goal. */
export function render(comparisons: readonly Comparison[]): string {
  const rows = comparisons.map((it) => {
    const docker = median(it.docker);
    const berth = median(it.berth);
    const amount = (value: number) => `${value.toFixed(value < 100 ? 1 : 0)} ${it.unit}`;
    return [it.what, amount(docker), amount(berth), (berth / docker).toFixed(2), verdict(it, docker, berth)];
  });
  return align([['what (medians)', 'Docker', 'Berth', 'ratio', 'goal'], ...rows]);
}

function verdict({ goal, unit }: Comparison, docker: number, berth: number): string {
  if (goal === undefined) return '';
  const [limit, shown] =
    'ratio' in goal
      ? [goal.ratio * docker, `ratio ${goal.ratio.toFixed(2)}`]
      : [goal.value, `${goal.value} ${unit}`];
  return `${shown}: ${berth <= limit ? 'met' : 'missed'}`;
}

function align(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) => `| ${row.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`;
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  return [line(rows[0]!), rule, ...rows.slice(1).map(line)].join('\n');
}
