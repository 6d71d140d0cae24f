/** The answer on a terminal: answer, reason, remedy, then path, then what was seen. */
import type { Finding, Lang } from '../findings/finding.ts';
import type { LiveProbe } from '../probe.ts';
import { REDACTED } from '../redacted.ts';
import type { Trace } from '../trace/trace.ts';
import type { Verdict } from '../verdict.ts';
import { fill, findingText } from './finding-text.ts';
import { percent } from './fraction.ts';
import { LABELS } from './labels.ts';
import { type Paint, plainPaint } from './paint.ts';
import { pathLines, placeName } from './path.ts';
import { probeLines } from './probe.ts';
import { traceLines } from './steps.ts';

export interface ReportInput {
  readonly id?: string;
  readonly verdict: Verdict;
  readonly findings: readonly Finding[];
  readonly trace: Trace;
  readonly unexamined?: number;
  readonly collection?: {
    readonly nodes: readonly {
      readonly node: string;
      readonly at: string;
      /** Why nothing of the node is there. */
      readonly unavailable: string | null;
      readonly missing: readonly { readonly namespace: string; readonly kind: string; readonly reason: string }[];
    }[];
  };
  readonly probe?: LiveProbe;
  readonly timing?: { readonly totalMs: number };
  /** Set where the reader may see these namespaces only. */
  readonly visibleNamespaces?: readonly string[];
}

export interface ReportOptions {
  readonly lang: Lang;
  readonly paint?: Paint;
  /** Every step with its raw line, instead of the path lines alone. */
  readonly steps?: boolean;
  /** How long ago an RFC 3339 time was: this lib has no clock. Ages are left out when absent. */
  readonly secondsSince?: (at: string) => number;
}

const SIGN = { reachable: '✓', unreachable: '✗', 'partially-reachable': '✗', undetermined: '?' } as const;
/** Column where the text begins: wide enough for the longest label. */
const INDENT = 10;
const BLANK = ' '.repeat(INDENT);

/** Width on a terminal: a CJK character takes two columns. */
export const columns = (label: string): number =>
  [...label].reduce((n, c) => n + ((c.codePointAt(0) ?? 0) > 0x2e80 ? 2 : 1), 0);
const labelled = (label: string, lines: readonly string[]): string[] =>
  lines.map((line, i) =>
    i === 0 ? `   ${label}${' '.repeat(Math.max(1, INDENT - 3 - columns(label)))}${line}` : `${BLANK}${line}`,
  );

/** Characters of a reason that a line shows; `--json` has it whole. */
const MAX_REASON = 160;

const SEVERITY_ORDER = { blocking: 0, degrading: 1, suspicious: 2, info: 3 } as const;

function reasonLines(finding: Finding, lang: Lang, paint: Paint): string[] {
  const lines = [`${findingText(finding, lang)}  ${paint.faint(finding.code)}`];
  for (const evidence of finding.evidence.slice(0, 3))
    if (evidence.text !== '') lines.push(paint.faint(`  ${evidence.text}`));
  if (finding.redacted === 'other-namespace') lines.push(LABELS[lang].elsewhere);
  return lines;
}

function remedyLines(finding: Finding, lang: Lang, paint: Paint): string[] {
  const labels = LABELS[lang];
  const remedy = finding.remedy;
  if (!remedy) return [labels.noRemedy];
  const words = remedy[lang];
  if (remedy.command === null) return [words];
  const where = remedy.on === null ? '' : `${labels.on} ${remedy.on}:  `;
  const lines = [`${where}${paint.strong(remedy.command)}`];
  if (words !== '') lines.push(words);
  if (!remedy.proven) lines.push(labels.notProven);
  return lines;
}

/** One line for what is missing for the same reason at the same place. */
function missingLines(
  missing: NonNullable<ReportInput['collection']>['nodes'][number]['missing'],
  lang: Lang,
): string[] {
  const groups = new Map<string, { readonly place: string; readonly reason: string; readonly kinds: string[] }>();
  for (const { namespace, kind, reason } of missing) {
    const key = `${namespace} ${reason}`;
    const group = groups.get(key) ?? { place: placeName(namespace), reason, kinds: [] };
    group.kinds.push(kind);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ place, reason, kinds }) => {
    const what = kinds.length > 3 ? `${kinds.slice(0, 3).join(', ')} … (${kinds.length})` : kinds.join(', ');
    const why = reason.length > MAX_REASON ? `${reason.slice(0, MAX_REASON)}…` : reason;
    return `${place}: ${LABELS[lang].missing} ${what} (${why})`;
  });
}

function seenLines(input: ReportInput, options: ReportOptions): string[] {
  const { lang, secondsSince } = options;
  const labels = LABELS[lang];
  const lines: string[] = [];
  const nodes = input.collection?.nodes ?? [];
  if (nodes.length > 0) {
    const read = nodes.filter((n) => n.unavailable === null);
    const oldest = read.map((n) => n.at).sort()[0];
    const age = secondsSince !== undefined && oldest !== undefined ? secondsSince(oldest) : null;
    const complete = nodes.every((n) => n.unavailable === null && n.missing.length === 0);
    const parts = [`${read.length} ${labels.of} ${nodes.length} ${labels.nodes}`];
    if (complete) parts.push(labels.allSections);
    if (age !== null) parts.push(`${Math.max(0, age).toFixed(1)} s ${labels.ago}`);
    lines.push(`${parts.join(', ')}.`);
    for (const n of nodes) {
      if (n.unavailable !== null) lines.push(`${n.node}: ${labels.notSeen} (${n.unavailable})`);
      lines.push(...missingLines(n.missing, lang));
    }
  }
  if (input.unexamined !== undefined && input.unexamined > 0)
    lines.push(`${percent(input.unexamined)} ${labels.unexamined}.`);
  if (input.probe) lines.push(...probeLines(input.probe, lang, options.paint ?? plainPaint));
  return lines;
}

/** @returns lines joined with newlines, without a trailing one. */
export function renderReport(input: ReportInput, options: ReportOptions): string {
  const { lang } = options;
  const paint = options.paint ?? plainPaint;
  const labels = LABELS[lang];
  const { outcome } = input.verdict;
  const colour = outcome === 'reachable' ? paint.good : outcome === 'undetermined' ? paint.unsure : paint.bad;
  const lines = [`${colour(SIGN[outcome])}  ${paint.strong(input.verdict.summary[lang])}`, ''];

  const findings = [...input.findings].sort((a, b) => SEVERITY_ORDER[a.severity] - SEVERITY_ORDER[b.severity]);
  for (const finding of findings) {
    const decides = finding.severity === 'blocking';
    lines.push(...labelled(decides ? labels.why : labels.also, reasonLines(finding, lang, paint)));
    // What was left out may have been the remedy.
    if (finding.remedy || (decides && finding.redacted === undefined))
      lines.push(...labelled(labels.mend, remedyLines(finding, lang, paint)));
    lines.push('');
  }
  const { branches } = input.trace;
  if (branches.length > 0) {
    if (options.steps)
      lines.push(...labelled(labels.there, ['']), ...traceLines(branches, lang, paint).map((l) => `   ${l}`));
    else lines.push(...labelled(labels.there, pathLines(branches, lang, paint)));
  }
  const { largestSizeBytes } = input.verdict;
  if (largestSizeBytes !== undefined)
    lines.push(...labelled(labels.size, [fill(labels.sizePasses, { bytes: largestSizeBytes })]));
  const seen = seenLines(input, options);
  if (seen.length > 0) lines.push(...labelled(labels.seen, seen));
  const { visibleNamespaces } = input;
  if (visibleNamespaces !== undefined) {
    const onlyVisible = fill(labels.onlyVisible, { namespaces: visibleNamespaces.join(', ') });
    lines.push(...labelled(labels.hidden, [onlyVisible]));
  }
  const first = findings[0];
  const footer = [
    input.timing ? `${Math.round(input.timing.totalMs)} ms` : null,
    input.id ?? null,
    input.id ? `${labels.more}: netverdict show ${input.id} --steps` : null,
    first ? `${labels.explain}: netverdict explain ${first.code}` : null,
  ].filter((part) => part !== null);
  if (footer.length > 0) lines.push('', `   ${paint.faint(footer.join(' · '))}`);
  return lines.join('\n').replaceAll(REDACTED, labels.redacted);
}
