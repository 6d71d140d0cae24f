/** Where the time goes, as a table: dearest stage first, by its share of what a request takes. */
import type { Lang } from '../findings/finding.ts';
import type { LiveProbe, SlowStage } from '../probe.ts';
import { LABELS } from './labels.ts';
import type { Paint } from './paint.ts';
import { placeName } from './path.ts';
import { columns } from './report.ts';

const ms = (value: number): string =>
  value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : `${Math.round(value)}`;
const SHOWN = 10;
/** What takes less of a request's time is not shown: it is not why. */
const LEAST_SHARE = 0.01;

/** The table, and at its end the answer in a sentence. */
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
      : paint.strong(
          `${labels.roundTrip}: p50 ${ms(slow.total.p50)} ms · p90 ${ms(slow.total.p90)} ms · p99 ${ms(slow.total.p99)} ms (${answered})`,
        ),
    '',
  );
  const rows = slow.stages
    .filter(({ share }) => share === undefined || share >= LEAST_SHARE)
    .slice(0, SHOWN)
    .map((stage, i) => rowOf(stage, i, lang));
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(0, ...rows.map((row) => columns(row[column] ?? ''))));
  for (const [i, row] of rows.entries()) {
    const line = row
      .map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - columns(cell))))
      .join('  ');
    lines.push(i === 0 ? paint.strong(line) : line);
  }
  if (rows.length > 1) lines.push(paint.faint(labels.sharesOf));
  for (const { node, problem } of slow.notMeasured)
    lines.push(paint.faint(`${node}: ${labels.notMeasured} (${problem})`));
  if (slow.conclusion) {
    const { cause, text } = slow.conclusion;
    if (lines.at(-1) !== '') lines.push('');
    lines.push(cause === 'nothing' ? `${paint.good('✓')}  ${text[lang]}` : `${paint.bad('✗')}  ${text[lang]}`);
  }
  return lines;
}

function rowOf(stage: SlowStage, i: number, lang: Lang): string[] {
  const { share, place, what, p50Ms, p99Ms, count, evidence } = stage;
  const { ofProbe, oneOfProbe, readings } = LABELS[lang];
  return [
    `${i + 1}.`,
    share === undefined ? '–' : `${Math.round(share * 100)} %`,
    `${ms(p50Ms)} ms (p99 ${ms(p99Ms)} ms)`,
    placeName(place),
    what[lang],
    evidence === 'probe packets' ? `${count} ${count === 1 ? oneOfProbe : ofProbe}` : `${count} ${readings}`,
  ];
}
