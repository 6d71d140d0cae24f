/**
 * The answer to an incident's question. An incident has one cause: where another is found than before, the incident ends with what it had, and
 * what came since the pause between the two is another incident's, which is opened, or opened again if that cause was there before.
 */
import { type Explanation, type Incident, KEY_SEPARATOR, type MonitoringQueries, type Store } from '@netverdict/store';
import { v7 as uuidv7 } from 'uuid';
import { merged, newIncident, retired, type Settings, withEvents, withoutEvents } from '../incident.ts';
import type { Judgement } from './verdict.ts';

export interface Answer extends Judgement {
  readonly incident: { readonly id: string; readonly cluster: string; readonly key: string };
  readonly askedAt: string;
  readonly diagnosisId: string | null;
}

type Row = Incident & Explanation;

/** @returns the incident that thereby is open and was not, for others to know */
export function keepAnswer(
  store: Pick<Store, 'together'>,
  answer: Answer,
  settings: Settings,
  nowMs: number,
): Promise<Incident | null> {
  const { id, cluster, key } = answer.incident;
  return store.together(async (tx) => {
    await tx.incidents.lockGroups(cluster, [key.split(KEY_SEPARATOR).slice(0, -1).join(KEY_SEPARATOR)]);
    const rows = await tx.incidents.ofKey(cluster, key);
    const own = rows.find((row) => row.id === id);
    // Gone, called otherwise, or asked about anew: that answer will come.
    if (own === undefined || own.askedAt !== answer.askedAt || !own.current) return null;
    const { cause } = answer.verdict;
    if (own.cause === null || cause === own.cause) return await found(tx, own, rows, answer);
    if (cause !== null) return await followed(tx, own, rows, answer, settings, nowMs);
    // What could not be answered contradicts nothing; that it works by now does.
    if (answer.state === 'no-more')
      await tx.incidents.write([{ ...own, causeEndedAt: own.causeEndedAt ?? answer.askedAt }]);
    await tx.answers.keep(id, { ...own, diagnosisState: 'explained', confirmed: own.confirmed + 1 });
    return null;
  });
}

const explanationOf = ({ state, verdict, diagnosisId, askedAt }: Answer, confirmed: number): Explanation => ({
  diagnosisState: state,
  verdict,
  diagnosisId,
  askedAt,
  causeFoundAt: verdict.cause === null ? null : askedAt,
  confirmed,
});

/** The same as before, or the first that is found: then the incident may be one that was there before. */
async function found(tx: MonitoringQueries, own: Row, rows: readonly Row[], answer: Answer): Promise<null> {
  const { verdict } = answer;
  const confirmed = own.verdict !== null && verdict.cause === own.cause ? own.confirmed + 1 : 0;
  const before = rows.find((row) => row.id !== own.id && verdict.cause !== null && row.cause === verdict.cause);
  const incident: Incident = {
    ...(before === undefined ? own : reopenedBy(before, own)),
    cause: verdict.cause,
    causeEndedAt: null,
  };
  if (before !== undefined) {
    await tx.incidents.remove([own.id]);
    await tx.answers.handOver(own.id, before.id, BEGINNING);
  }
  if (before !== undefined || incident.cause !== own.cause || own.causeEndedAt !== null)
    await tx.incidents.write([incident]);
  await tx.answers.keep(incident.id, explanationOf(answer, confirmed));
  return null;
}
const BEGINNING = '-infinity';

/** What was an incident of its own until its cause was known is the one that had this cause before. */
function reopenedBy(before: Incident, own: Incident): Incident {
  const { state, stateSince, openedAt } = own;
  const again = before.state === 'resolved' && state === 'open' ? { openedAt, reopened: before.reopened + 1 } : {};
  return { ...merged(before, own), state, stateSince, current: true, ...again };
}

async function followed(
  tx: MonitoringQueries,
  own: Row,
  rows: readonly Row[],
  answer: Answer,
  settings: Settings,
  nowMs: number,
): Promise<Incident | null> {
  const { cause } = answer.verdict;
  const ended = { ...own, causeEndedAt: own.causeEndedAt ?? answer.askedAt };
  const after = await tx.answers.pauseBefore(own.id, own.causeFoundAt ?? own.firstSeen);
  if (after === null) {
    // Nothing was seen since: what comes will be another incident's (ingest), and that will ask.
    await tx.incidents.write([ended]);
    await tx.answers.keep(own.id, { ...own, diagnosisState: 'explained', confirmed: 0 });
    return null;
  }
  const before = rows.find((row) => row.id !== own.id && row.cause === cause);
  const id = before?.id ?? `inc_${uuidv7()}`;
  const events = await tx.answers.handOver(own.id, id, after);
  const ends = { workload: own.workload, peer: own.peer, direction: own.direction };
  const moved = events.map((event) => ({ event, ends: { ...ends, peerAddress: event.peerAddress ?? null } }));
  const [first] = moved;
  if (first === undefined) throw new Error(`incident ${own.id}: an event was there and is not`);
  const opened: Incident = {
    ...withEvents(before ?? newIncident(id, own.key, own.peer, first, nowMs), moved, settings, nowMs),
    current: true,
    cause,
    causeEndedAt: null,
  };
  const left = withoutEvents(ended, moved, await tx.answers.placesOf(own.id), after);
  // One of a key is current at any time: first the one that is it no more.
  await tx.incidents.write([retired(left, nowMs)]);
  await tx.answers.keep(own.id, { ...own, diagnosisState: 'explained', confirmed: 0 });
  await tx.incidents.write([opened]);
  await tx.answers.keep(id, explanationOf(answer, 0));
  return opened;
}
