/** Who has trouble just now: drops, resets, segments sent again and failed connections of the last minute, with the cause. Pure. */
import type { AnomalyKind, EventDocument, IncidentDocument } from '@netverdict/contracts';
import type { Lang, Paint } from '@netverdict/verdict';
import { byCause, isExplained } from './incident-lines.ts';

const COLUMNS = ['drops', 'resets', 'again', 'failed', 'other'] as const;
type Column = (typeof COLUMNS)[number];

const COLUMN_OF: Partial<Record<AnomalyKind, Column>> = {
  'packet-drop': 'drops',
  'ip-discard': 'drops',
  'ip-no-route': 'drops',
  'link-drop': 'drops',
  'udp-buffer-error': 'drops',
  'tcp-listen-overflow': 'drops',
  'tcp-listen-drop': 'drops',
  'conntrack-drop': 'drops',
  'tcp-reset-sent': 'resets',
  'tcp-reset-received': 'resets',
  'tcp-reset-established': 'resets',
  'tcp-retransmission': 'again',
  'tcp-connect-fail': 'failed',
  'tcp-connection-lost': 'failed',
  'tcp-attempt-fail': 'failed',
};

export interface TopRow {
  /** A pod, or the node itself. */
  readonly who: string;
  readonly counts: Readonly<Record<Column, number>>;
  /** What a diagnosis found. */
  readonly cause: { readonly en: string; readonly zh: string; readonly incident: string } | null;
}

const podOf = ({ pod, workload }: EventDocument): string | null =>
  pod !== null ? `${pod.namespace}/${pod.name}` : workload?.startsWith('pod/') ? workload.slice('pod/'.length) : null;

/** The address of whom it happened to. */
const addressOf = ({ source, destination, peerAddress }: EventDocument): string | undefined =>
  peerAddress === undefined
    ? undefined
    : peerAddress === source
      ? destination
      : peerAddress === destination
        ? source
        : undefined;

/** A pod that is seen from its node as well has no name there, but its workload's: its address tells that it is the same. */
function whoseOf(events: readonly EventDocument[]): (event: EventDocument) => string {
  const pods = new Map<string, string>();
  for (const event of events) {
    const pod = podOf(event);
    const address = addressOf(event);
    if (pod !== null && address !== undefined && event.workload?.startsWith('node/') !== true) pods.set(address, pod);
  }
  return (event) => {
    const { workload, node } = event;
    return (
      podOf(event) ??
      pods.get(workload?.startsWith('node/') ? '' : (addressOf(event) ?? '')) ??
      workload ??
      `node/${node}`
    );
  };
}

/** @param since the windows that are looked at end at or after it */
export function topRows(
  events: readonly EventDocument[],
  incidents: readonly IncidentDocument[],
  since: number,
): readonly TopRow[] {
  const explained = new Map(
    incidents.flatMap(({ id, verdict }) =>
      verdict !== null && isExplained({ verdict }) ? [[id, { ...verdict.sentence, incident: id }] as const] : [],
    ),
  );
  const whoOf = whoseOf(events);
  const rows = new Map<string, { counts: Record<Column, number>; cause: TopRow['cause'] }>();
  for (const event of events) {
    if (event.kind === 'agent-started' || Date.parse(event.windowEnd) < since) continue;
    const who = whoOf(event);
    const row = rows.get(who) ?? { counts: { drops: 0, resets: 0, again: 0, failed: 0, other: 0 }, cause: null };
    row.counts[COLUMN_OF[event.kind] ?? 'other'] += event.count * (event.oneIn ?? 1);
    row.cause ??= explained.get(event.incidentId ?? '') ?? null;
    rows.set(who, row);
  }
  const total = ({ counts }: { readonly counts: TopRow['counts'] }): number =>
    COLUMNS.reduce((sum, column) => sum + counts[column], 0);
  return [...rows]
    .map(([who, row]) => ({ who, ...row }))
    .sort((a, b) => total(b) - total(a) || a.who.localeCompare(b.who));
}

const HEADS = {
  en: ['', 'drops', 'resets', 'again', 'failed', 'other', 'cause'],
  zh: ['', '丢包', '重置', '重传', '失败', '其他', '原因'],
} as const;

const width = (text: string): number => [...text].reduce((sum, letter) => sum + (letter > '⺀' ? 2 : 1), 0);
const left = (text: string, to: number): string => text + ' '.repeat(Math.max(0, to - width(text)));
const right = (text: string, to: number): string => ' '.repeat(Math.max(0, to - width(text))) + text;

/** @param columns of the terminal; longer lines are cut */
export function topLines(
  rows: readonly TopRow[],
  incidents: readonly IncidentDocument[],
  options: { readonly lang: Lang; readonly paint: Paint; readonly columns: number; readonly most: number },
): string[] {
  const { lang, paint, columns, most } = options;
  const open = byCause(incidents.filter(({ state }) => state === 'open'));
  const explained = open.filter(({ first }) => isExplained(first)).length;
  const title =
    lang === 'en'
      ? `The last minute: ${rows.length} with trouble, ${open.length} open incidents, ${explained} explained`
      : `最近一分钟:${rows.length} 个对象异常,${open.length} 个未结事件,其中 ${explained} 个已找到原因`;
  if (rows.length === 0) return [title];
  const heads = HEADS[lang];
  const shown = rows.slice(0, most);
  const whoWidth = Math.max(...shown.map(({ who }) => width(who)), 4);
  const cut = (line: string): string => {
    let room = columns;
    let kept = '';
    for (const letter of line) {
      room -= width(letter);
      if (room < 0) return kept;
      kept += letter;
    }
    return kept;
  };
  const head = [left(heads[0], whoWidth), ...heads.slice(1, 6).map((text) => right(text, 7)), ` ${heads[6]}`].join(' ');
  const lines = shown.map(({ who, counts, cause }) => {
    const numbers = COLUMNS.map((column) => right(counts[column] === 0 ? '·' : `${counts[column]}`, 7));
    const line = cut([left(who, whoWidth), ...numbers, ` ${cause?.[lang] ?? ''}`].join(' '));
    return cause === null ? line : paint.bad(line);
  });
  const more = rows.length - shown.length;
  const rest = more === 0 ? [] : [lang === 'en' ? `… and ${more} more` : `… 另有 ${more} 个`];
  return [title, '', paint.faint(cut(head)), ...lines, ...rest.map(paint.faint)];
}
