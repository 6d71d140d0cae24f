/** Incidents for a person: what was found first, then what to do, then what was seen. Those with one cause are one. */
import type { IncidentDocument } from '@netverdict/sdk';
import type { Lang, Paint, Text } from '@netverdict/verdict';
import { ANOMALY_WORDS } from './anomaly-words.ts';

export interface IncidentGroup {
  /** That which has been explained, else the one with the most. */
  readonly first: IncidentDocument;
  readonly all: readonly IncidentDocument[];
}

/** In the order in which they come; incidents whose diagnosis found the same cause stand together. */
export function byCause(incidents: readonly IncidentDocument[]): readonly IncidentGroup[] {
  const groups = new Map<string, IncidentDocument[]>();
  for (const incident of incidents) {
    const key = incident.verdict?.cause ?? incident.id;
    groups.set(key, [...(groups.get(key) ?? []), incident]);
  }
  return [...groups.values()].map((all) => {
    const [first] = all.toSorted((a, b) => weight(b) - weight(a) || b.count - a.count);
    return { first: first as IncidentDocument, all };
  });
}

/** A drop tells of the place where it goes wrong, a failed connection only that it does. */
const weight = ({ kind }: IncidentDocument): number => (kind === 'packet-drop' ? 1 : 0);

const LABELS = {
  seen: { en: 'Seen', zh: '现象' },
  mend: { en: 'Mend', zh: '处理' },
  rule: { en: 'By', zh: '依据' },
  asking: { en: 'is being diagnosed', zh: '正在诊断' },
  unasked: { en: 'not diagnosed', zh: '未诊断' },
  on: { en: 'on', zh: '在' },
  more: { en: 'and', zh: '另有' },
} as const satisfies Record<string, Text>;

const STATES: Readonly<Record<IncidentDocument['state'], Text>> = {
  open: { en: 'open', zh: '进行中' },
  quiet: { en: 'quiet', zh: '已平静' },
  resolved: { en: 'resolved', zh: '已解决' },
};

const clock = (instant: string): string => new Date(instant).toLocaleTimeString('en-GB', { hour12: false });

/** `pod/default/client → pod/default/web-2`, in the direction of the packets. */
export function endsOf({ workload, peer, direction }: IncidentDocument): string {
  if (peer === '') return workload;
  if (direction === null) return `${peer} (${workload})`;
  return direction === 'in' ? `${peer} → ${workload}` : `${workload} → ${peer}`;
}

export function seenLine(incident: IncidentDocument, lang: Lang): string {
  const { kind, count, estimated, reason, hook, nodes, state, firstSeen, lastSeen } = incident;
  const number = estimated > 0 ? `≈${count + estimated}` : `${count}`;
  const why = [reason, hook].filter((word) => word !== null).join(', ');
  const what = `${number}${lang === 'en' ? ' ' : ' '}${ANOMALY_WORDS[kind][lang]}${why === '' ? '' : ` (${why})`}`;
  const where = nodes.length === 0 ? '' : `, ${LABELS.on[lang]} ${nodes.join(', ')}`;
  return `${what}: ${endsOf(incident)}${where}, ${clock(firstSeen)}–${clock(lastSeen)}, ${STATES[state][lang]}`;
}

/** While it is asked again, what was found stands. */
export const isExplained = ({ verdict }: Pick<IncidentDocument, 'verdict'>): boolean =>
  verdict !== null && verdict.cause !== null;

/** A verdict speaks of the state when it was asked: of what is over it is told as that. */
function overOf(incident: IncidentDocument, lang: Lang): string | null {
  const { state, lastSeen, causeEndedAt } = incident;
  if (typeof causeEndedAt === 'string')
    return lang === 'en'
      ? `No longer so at ${clock(causeEndedAt)}; it was:`
      : `${clock(causeEndedAt)} 时已不再如此;当时:`;
  if (state === 'open') return null;
  const words = OVER[state];
  return lang === 'en' ? `${words.en} ${clock(lastSeen)}; it was:` : `${clock(lastSeen)} ${words.zh};当时:`;
}
const OVER = {
  quiet: { en: 'Not seen since', zh: '之后未再出现' },
  resolved: { en: 'Over since', zh: '之后已结束' },
} as const satisfies Record<string, Text>;

function headOf(incident: IncidentDocument, lang: Lang, paint: Paint): string {
  const { verdict, severity } = incident;
  const found = verdict?.sentence[lang];
  const over = overOf(incident, lang);
  if (found === undefined) return '';
  const sentence = over === null ? found : `${over} ${found}`;
  if (isExplained(incident))
    return over === null ? `${paint.bad('✗')}  ${paint.strong(found)}` : `${paint.good('✓')}  ${sentence}`;
  const mark = severity === 'info' ? paint.faint('·') : paint.unsure('?');
  return `${mark}  ${sentence}`;
}

export function incidentLines({ first, all }: IncidentGroup, lang: Lang, paint: Paint): string[] {
  const mark = first.severity === 'info' ? paint.faint('·') : paint.unsure('!');
  const seen = all.map((incident) => seenLine(incident, lang));
  const head = headOf(first, lang, paint);
  const status = LABELS[first.diagnosisState === 'asking' ? 'asking' : 'unasked'][lang];
  const lines = head === '' ? [`${mark}  ${seen[0] ?? ''} · ${paint.faint(status)}`] : [head];
  const finding = first.verdict?.findings[0];
  if (isExplained(first) && finding) {
    if (finding.evidence !== null) lines.push(labelled(LABELS.rule[lang], finding.evidence));
    const { remedy } = finding;
    // There is nothing to mend in what is over.
    if (remedy !== null && overOf(first, lang) === null)
      lines.push(
        labelled(
          LABELS.mend[lang],
          remedy.command === null || remedy.on === null
            ? remedy.text[lang]
            : lang === 'en'
              ? `on ${remedy.on}:  ${paint.strong(remedy.command)}`
              : `在 ${remedy.on} 上执行:  ${paint.strong(remedy.command)}`,
        ),
      );
  }
  const shown = head === '' ? seen.slice(1) : seen;
  for (const [i, line] of shown.entries()) lines.push(labelled(i === 0 ? LABELS.seen[lang] : '', line));
  const ids = [...all.map(({ id }) => id).slice(0, 3), ...(all.length > 3 ? ['…'] : [])];
  lines.push(paint.faint(`   ${[...ids, first.diagnosisId].filter((id) => id !== null).join(' · ')}`));
  return lines;
}

/** Chinese letters are two columns wide. */
const labelled = (label: string, text: string): string => {
  const width = [...label].reduce((sum, letter) => sum + (letter > '⺀' ? 2 : 1), 0);
  return `   ${label}${' '.repeat(Math.max(1, 7 - width))}${text}`;
};
