/** The report for people. */
import { allFeatures } from '@netverdict/netsim';
import type { Difference } from '../compare/agree.ts';
import type { Disagreement, Report } from './report.ts';

/** Every modelled feature is wanted decisive at least this often. */
export const WANTED_DECISIVE = 30;

export function reportText(report: Report): string {
  const { flows, undetermined, disagreements, refused, ms } = report;
  const share = flows === 0 ? 0 : (100 * undetermined) / flows;
  const features = Object.entries(report.features).sort(([a], [b]) => (a < b ? -1 : 1));
  const seconds = (value: number): string => (value / 1000).toFixed(1);
  return [
    ...disagreements.slice(0, 20).map(disagreementText),
    'feature                                        met  decisive',
    ...features.map(
      ([name, { met, decisive }]) =>
        `${name.padEnd(40)} ${String(met).padStart(9)} ${String(decisive).padStart(9)}${decisive < WANTED_DECISIVE ? '  < 30' : ''}`,
    ),
    '',
    ...neverMet(report),
    '',
    ...countLines('what was not known', report.unknowns, 25),
    ...countLines('outcomes', report.outcomes, 40),
    ...refused.slice(0, 10).map(({ world, message }) => `refused: world ${world}: ${message}`),
    `seed ${report.seed}: ${report.worlds} worlds, ${flows} flows, ${report.attempts} packets sent and traced by the kernel`,
    `spent (s, all workers): bringing up ${seconds(ms.up)}, collecting ${seconds(ms.collect)}, packets ${seconds(ms.packets)}, model ${seconds(ms.model)}`,
    `${report.eitherRules} flows met one of several lists of rules that what is not known leaves open`,
    `${report.untraced} packets whose trace was lost: their rules were not compared`,
    `${refused.length} worlds refused, ${undetermined} flows undetermined (${share.toFixed(2)} %)`,
    `${disagreements.length} disagreements`,
  ].join('\n');
}

/** Features that the kernel can judge and that no world came to: a gap of the generators. */
function neverMet(report: Report): string[] {
  const names = allFeatures().flatMap(([name, held]) =>
    held === 'kernel' && !report.features[name]?.met ? [name] : [],
  );
  return names.length === 0 ? [] : [`never met: ${names.join(', ')}`];
}

function countLines(title: string, counts: Readonly<Record<string, number>>, most: number): string[] {
  const sorted = Object.entries(counts).sort(([, a], [, b]) => b - a);
  if (sorted.length === 0) return [];
  return [`${title}:`, ...sorted.slice(0, most).map(([name, count]) => `  ${String(count).padStart(7)}  ${name}`), ''];
}

export function disagreementText({ world, flow, differences, shrunk }: Disagreement): string {
  const sent = shrunk.flows.find((f) => f.id === flow);
  return [
    `── disagreement in world ${world}, flow ${flow}: ${sent ? flowText(sent) : ''}`,
    ...differences.slice(0, 3).map((d) => `   ${differenceText(d)}`),
    ...shrunk.namespaces.flatMap((ns) => [
      `   [${ns.name}]`,
      ...Object.entries(ns).flatMap(([list, lines]) =>
        Array.isArray(lines) && lines.length > 0
          ? lines.map((l) => `     ${list}: ${typeof l === 'string' ? l : JSON.stringify(l)}`)
          : [],
      ),
    ]),
    ...(shrunk.prelude.length > 0 ? [`   prelude: ${shrunk.prelude.map(flowText).join('; ')}`] : []),
    '',
  ].join('\n');
}

const flowText = (f: Disagreement['shrunk']['flows'][number]): string =>
  `${f.protocol} ${f.from} ${f.source ?? '(any)'}:${f.sport} → ${f.destination}:${f.dport} size ${f.sizeBytes ?? '-'}${f.dontFragment ? ' DF' : ''} tos ${f.tos} mark ${f.mark} ttl ${f.ttl} uid ${f.uid}${f.device ? ` dev ${f.device}` : ''}${f.tcpFlags === null ? '' : ` flags ${f.tcpFlags}`}${f.continues ? ` continues ${f.continues}` : ''}${f.repeat > 1 ? ` ×${f.repeat}` : ''}`;

function differenceText(difference: Difference): string {
  switch (difference.kind) {
    case 'outcome':
      return difference.nearest.join('; ');
    case 'threw':
      return `the model threw: ${difference.message}`;
    case 'not-observed':
      return `the kernel told of ${difference.seen} of ${difference.attempts} packets`;
    case 'never-seen':
      return `a branch with share ${difference.branch.share} was never seen in ${difference.attempts} attempts`;
    case 'shares':
      return `counts ${difference.counts.join(', ')} are ${difference.deviations.toFixed(1)} deviations from shares ${difference.shares.map((s) => s.toFixed(3)).join(', ')}`;
  }
}
