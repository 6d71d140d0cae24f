/** Where the time goes, as a table: dearest stage first. */
import type { Lang } from '../findings/finding.ts';
import type { LiveProbe, SlowStage } from '../probe.ts';
import { LABELS } from './labels.ts';
import type { Paint } from './paint.ts';
import { placeName } from './path.ts';
import { columns } from './report.ts';

const ms = (value: number): string =>
  value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : `${Math.round(value)}`;
const SHOWN = 12;

export function slowLines(probe: LiveProbe, lang: Lang, paint: Paint): string[] {
  const labels = LABELS[lang];
  const { slow } = probe;
  if (probe.notMade !== null) return [`${labels.noProbe}: ${probe.notMade[lang]}`];
  if (slow === undefined) return [];
  const lines: string[] = [];
  const [asked] = probe.targets;
  const answered = asked ? `${asked.succeeded} ${labels.of} ${asked.attempts}` : '';
  lines.push(
    slow.total === null
      ? paint.bad(`${answered}: ${labels.nothingAnswered}`)
      : paint.strong(`p50 ${ms(slow.total.p50)} ms · p99 ${ms(slow.total.p99)} ms (${answered})`),
    '',
  );
  const rows = slow.stages.slice(0, SHOWN).map((stage, i) => rowOf(stage, i, lang));
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(0, ...rows.map((row) => columns(row[column] ?? ''))));
  for (const [i, row] of rows.entries()) {
    const line = row
      .map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - columns(cell))))
      .join('  ');
    lines.push(i === 0 ? paint.strong(line) : line);
  }
  for (const { node, problem } of slow.notMeasured)
    lines.push(paint.faint(`${node}: ${labels.notMeasured} (${problem})`));
  return lines;
}

function rowOf({ stage, place, what, p50Ms, p99Ms, count, evidence }: SlowStage, i: number, lang: Lang): string[] {
  return [
    `${i + 1}.`,
    `p99 ${ms(p99Ms)} ms, p50 ${ms(p50Ms)} ms`,
    stage,
    placeName(place),
    what[lang],
    `${count} × ${evidence}`,
  ];
}
