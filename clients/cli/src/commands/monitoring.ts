/** `netverdict events`, `incidents` and `top`: what the nodes saw by themselves, and why. */
import type { EventDocument, IncidentDocument, LiveOptions, NetverdictClient } from '@netverdict/sdk';
import { plainPaint } from '@netverdict/verdict';
import { UsageError } from '../exit-codes.ts';
import { ANOMALY_WORDS } from '../terminal/anomaly-words.ts';
import { eventLine } from '../terminal/event-line.ts';
import { byCause, incidentLines, isExplained } from '../terminal/incident-lines.ts';
import { terminalPaint } from '../terminal/paint.ts';
import { print } from '../terminal/print.ts';
import { topLines, topRows } from '../terminal/top-table.ts';
import { langOf } from './diagnose.ts';

export interface MonitoringOptions {
  readonly lang: string;
  readonly json?: boolean;
  readonly follow?: boolean;
  readonly since?: string;
  readonly limit?: string;
  readonly cluster?: string;
  readonly node?: string;
  readonly pod?: string;
  readonly kind?: string;
  readonly reason?: string;
  readonly workload?: string;
  readonly peer?: string;
}

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `10m`, `2h`, or an instant. */
export function sinceOf(text: string, now = Date.now()): string {
  const [, number, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const instant = number === undefined ? Date.parse(text) : now - Number(number) * (UNITS[unit ?? 's'] ?? 1000);
  if (Number.isNaN(instant))
    throw new UsageError(`--since ${text}: write 30s, 10m, 2h, 1d or a time such as 2026-01-31T12:00:00Z`);
  return new Date(instant).toISOString();
}

function limitOf(text: string): number {
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1 || limit > 100_000)
    throw new UsageError(`--limit ${text}: write a number, 1 to 100000`);
  return limit;
}

function conditionsOf(options: MonitoringOptions) {
  const { cluster, node, pod, kind, reason, workload, peer } = options;
  if (kind !== undefined && !Object.hasOwn(ANOMALY_WORDS, kind))
    throw new UsageError(`--kind ${kind}: there are ${Object.keys(ANOMALY_WORDS).join(', ')}`);
  if (pod !== undefined && !/^[^/]+\/[^/]+$/.test(pod)) throw new UsageError(`--pod ${pod}: write namespace/name`);
  const given = { cluster, node, pod, kind: kind as EventDocument['kind'] | undefined, reason, workload, peer };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as {
    readonly kind?: EventDocument['kind'];
  };
}

const live = (): LiveOptions => ({
  onTrouble: (message) => void process.stderr.write(`netverdict: ${message}; going on\n`),
});

async function take<T>(items: AsyncIterable<T>, most: number): Promise<T[]> {
  const taken: T[] = [];
  if (most > 0)
    for await (const item of items) {
      taken.push(item);
      if (taken.length >= most) break;
    }
  return taken;
}

export async function events(client: NetverdictClient, options: MonitoringOptions): Promise<number> {
  const lang = langOf(options.lang);
  const conditions = conditionsOf(options);
  const since = options.since === undefined ? {} : { since: sinceOf(options.since) };
  const show = (event: EventDocument): void =>
    print(options.json ? JSON.stringify(event) : eventLine(event, lang, terminalPaint));
  if (options.follow) {
    // A name that nothing has is refused by the list; a stream would only never tell anything.
    await take(client.listEvents(conditions), 1);
    for await (const { item } of client.followEvents({ ...conditions, ...since }, live())) show(item);
    return 0;
  }
  const newest = await take(client.listEvents({ ...conditions, ...since }), limitOf(options.limit ?? '50'));
  for (const event of newest.reverse()) show(event);
  if (newest.length === 0) process.stderr.write(NOTHING[lang]);
  return 0;
}

const NOTHING = {
  en: 'Nothing was seen that is not as it should be. `netverdict events` also needs agents that report: GET /api/v1/nodes tells.\n',
  zh: '没有发现异常。前提是各节点的 agent 都在上报:见 GET /api/v1/nodes。\n',
} as const;

export interface IncidentOptions extends MonitoringOptions {
  readonly state?: string;
  readonly severity?: string;
  readonly all?: boolean;
}

export async function incidents(client: NetverdictClient, options: IncidentOptions): Promise<number> {
  const lang = langOf(options.lang);
  const { state, severity } = options;
  if (state !== undefined && !['open', 'quiet', 'resolved'].includes(state))
    throw new UsageError(`--state ${state}: write open, quiet or resolved`);
  if (severity !== undefined && !['info', 'warning', 'critical'].includes(severity))
    throw new UsageError(`--severity ${severity}: write info, warning or critical`);
  const filter = {
    ...conditionsOf(options),
    ...(state === undefined ? {} : { state: state as IncidentDocument['state'] }),
    ...(severity === undefined ? {} : { severity: severity as IncidentDocument['severity'] }),
    ...(options.since === undefined ? {} : { since: sinceOf(options.since) }),
  };
  const showAll = (some: readonly IncidentDocument[]): void => {
    const groups = byCause(some);
    const told = (known: boolean) =>
      groups.filter(({ first }) => (isExplained(first) && first.state === 'open') === known);
    // What can be mended stands first.
    for (const group of [...told(true), ...told(false)])
      print(`${incidentLines(group, lang, terminalPaint).join('\n')}\n`);
  };
  if (options.follow) {
    await take(client.listIncidents(filter), 1);
    for await (const { item } of client.followIncidents(filter, live()))
      if (options.json) print(JSON.stringify(item));
      else if (item.diagnosisState !== 'asking') showAll([item]);
    return 0;
  }
  const found = await take(client.listIncidents(filter), limitOf(options.limit ?? '50'));
  const shown =
    options.all || severity !== undefined ? found : found.filter((incident) => incident.severity !== 'info');
  if (options.json) print(JSON.stringify(shown, null, 2));
  else showAll(shown);
  const hidden = found.length - shown.length;
  if (hidden > 0 && !options.json)
    process.stderr.write(lang === 'en' ? `${hidden} of little weight: --all\n` : `另有 ${hidden} 个不重要的:--all\n`);
  if (found.length === 0) process.stderr.write(NOTHING[lang]);
  return 0;
}

export interface TopOptions {
  readonly lang: string;
  readonly json?: boolean;
  readonly once?: boolean;
  readonly cluster?: string;
}

const WINDOW_MS = 60_000;
const REFRESH_MS = 1000;
/** In memory at once; what is older than the window goes first. */
const MOST_EVENTS = 20_000;

export async function top(client: NetverdictClient, options: TopOptions): Promise<number> {
  const lang = langOf(options.lang);
  const cluster = options.cluster === undefined ? {} : { cluster: options.cluster };
  const begin = new Date(Date.now() - WINDOW_MS).toISOString();
  let seen: EventDocument[] = [];
  const known = new Map<string, IncidentDocument>();
  const terminal = process.stdout.isTTY && !options.json;

  const show = (): void => {
    const since = Date.now() - WINDOW_MS;
    seen = seen.filter(({ windowEnd }) => Date.parse(windowEnd) >= since).slice(-MOST_EVENTS);
    const incidents = [...known.values()];
    const rows = topRows(seen, incidents, since);
    if (options.json) {
      print(JSON.stringify({ at: new Date().toISOString(), windowMs: WINDOW_MS, rows }));
      return;
    }
    const [columns, height] = terminal ? [process.stdout.columns, process.stdout.rows] : [10_000, 1000];
    const paint = terminal ? terminalPaint : plainPaint;
    const lines = topLines(rows, incidents, { lang, paint, columns, most: Math.max(1, height - 6) });
    // Home, then each line cleared to its end: nothing flickers.
    print(
      terminal && !options.once ? `\x1b[H${lines.map((line) => `${line}\x1b[K`).join('\n')}\x1b[J` : lines.join('\n'),
    );
  };

  if (options.once) {
    seen = await take(client.listEvents({ ...cluster, since: begin }), MOST_EVENTS);
    for (const incident of await take(client.listIncidents({ ...cluster, since: begin }), 1000))
      known.set(incident.id, incident);
    show();
    return 0;
  }
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  const streams = { ...live(), signal: stop.signal };
  const following = [
    (async () => {
      for await (const { item } of client.followEvents({ ...cluster, since: begin }, streams)) seen.push(item);
    })(),
    (async () => {
      for await (const { item } of client.followIncidents({ ...cluster, since: begin }, streams)) {
        known.set(item.id, item);
        if (known.size > 5000) known.delete(known.keys().next().value ?? '');
      }
    })(),
  ];
  if (terminal) process.stdout.write('\x1b[?1049h\x1b[?25l');
  const timer = setInterval(show, REFRESH_MS);
  try {
    await Promise.all(following);
  } finally {
    stop.abort();
    clearInterval(timer);
    if (terminal) process.stdout.write('\x1b[?25h\x1b[?1049l');
  }
  return 0;
}
