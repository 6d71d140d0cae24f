/** A live probe in a line, and where it parts from the simulation in a few more. */
import type { Lang } from '../findings/finding.ts';
import type { LiveProbe, ProbedTarget } from '../probe.ts';
import { LABELS } from './labels.ts';
import type { Paint } from './paint.ts';
import { placeName } from './path.ts';

/** `payments-7c9-a1` of `shop/payments-7c9-a1`: the namespace is in the first line already. */
const shortName = (label: string): string => label.slice(label.lastIndexOf('/') + 1);

const milliseconds = (ms: number): string => `${ms < 10 ? ms.toFixed(2) : Math.round(ms)} ms`;

/** `0 of 4 to x2, 2 of 2 to a1`: backends with the same numbers together, what was asked about where there are none. */
function tally(targets: readonly ProbedTarget[], lang: Lang): string {
  const { of, to } = LABELS[lang];
  const backends = targets.filter(({ kind }) => kind === 'backend');
  const [asked] = targets;
  const groups = new Map<string, string[]>();
  for (const { succeeded, attempts, label } of backends) {
    const count = `${succeeded} ${of} ${attempts}`;
    groups.set(count, [...(groups.get(count) ?? []), shortName(label)]);
  }
  const parts = asked ? [`${asked.succeeded} ${of} ${asked.attempts}`] : [];
  for (const [count, names] of groups) parts.push(`${count} ${to} ${names.join(', ')}`);
  const rtt = asked?.rttMs ? ` (p50 ${milliseconds(asked.rttMs.p50)}, p99 ${milliseconds(asked.rttMs.p99)})` : '';
  return `${parts[0] ?? ''}${rtt}${parts.length > 1 ? `; ${parts.slice(1).join('; ')}` : ''}`;
}

export function probeLines(probe: LiveProbe, lang: Lang, paint: Paint): string[] {
  const labels = LABELS[lang];
  if (probe.notMade !== null) return [`${labels.noProbe}: ${probe.notMade[lang]}`];
  const title = { true: labels.probeAgrees, false: paint.bad(labels.probeDisagrees), null: labels.probeUnsure }[
    `${probe.agrees}`
  ];
  const lines = [`${title}: ${tally(probe.targets, lang)}.`];
  const told = new Set<string>();
  for (const { label, parting, note, agrees } of probe.targets) {
    if (agrees === false && parting !== null) {
      const line = `${paint.strong(placeName(parting.place))}: ${labels.simulated}: ${parting.simulated[lang]}; ${labels.butSeen}: ${parting.seen[lang]}.`;
      if (!told.has(line)) lines.push(`  ${shortName(label)}: ${line}`);
      told.add(line);
    } else if (note !== null && !told.has(note[lang])) {
      lines.push(`  ${shortName(label)}: ${note[lang]}.`);
      told.add(note[lang]);
    }
  }
  for (const { node, problem, lost } of probe.nodes) {
    if (problem !== null) lines.push(paint.faint(`  ${node}: ${labels.notFollowed} (${problem})`));
    if (lost > 0) lines.push(paint.faint(`  ${node}: ${lost} ${labels.sightingsLost}`));
  }
  if (probe.fewer) lines.push(`  ${probe.fewer[lang]}`);
  return lines;
}
