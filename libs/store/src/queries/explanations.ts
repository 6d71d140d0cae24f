/** Which incidents ask for a diagnosis, and what it found. Written by eventproc. */
import type { AnomalySample, AnomalyTuple, IncidentVerdict } from '@netverdict/contracts';
import { type Kysely, type Selectable, sql } from 'kysely';
import type { Database } from '../schema.ts';
import type { EventsTable } from '../schema-monitoring.ts';
import { MANY_PEERS } from './incidents.ts';

export interface IncidentToExplain {
  readonly id: string;
  readonly cluster: string;
  readonly kind: string;
  readonly reason: string | null;
  readonly key: string;
  /** What was found before, and by which question (IncidentVerdict). */
  readonly cause: string | null;
  readonly verdict: IncidentVerdict | null;
  /** RFC 3339: with the id it names the question. */
  readonly askedAt: string;
  /** Of its newest events, those with a tuple. */
  readonly witnesses: readonly {
    readonly node: string;
    readonly pod: string | null;
    readonly tuple: AnomalyTuple;
    readonly sample: AnomalyTuple | null;
  }[];
}

export interface ClaimRules {
  readonly kinds: readonly string[];
  /** Of these kinds only with these reasons. */
  readonly onlyReasons: Readonly<Record<string, readonly string[]>>;
  readonly limit: number;
  /** Questions of one cluster, over all replicas. */
  readonly perMinute: number;
  /**
   * An answer is checked: after this where a new incident shares an end with it or its cause is no longer found for another incident; and while
   * it is seen, after this and then after twice as long each time that the answer was the same, at the most `againMs`.
   */
  readonly checkMs: number;
  readonly againMs: number;
  /** Who asked has died. */
  readonly staleMs: number;
  /** A diagnosis that failed is tried again, and an incident that was quiet and is open again is asked about anew: what was found may be over. */
  readonly retryMs: number;
}

export interface ExplanationQueries {
  /** Takes incidents whose question it is time to ask: each is asked by one replica. Those without an answer first, then the severe ones, then the newest. */
  claim(rules: ClaimRules): Promise<readonly IncidentToExplain[]>;
}

/** Serialises the count of questions: "nvex". */
const LOCK = 0x6e76_6578;
const WITNESSES = 8;
const ms = (value: number) => sql`make_interval(secs => ${value / 1000}::double precision)`;

/** What was found may be over: another incident says so, or it has been seen since and the answer is old. */
const toBeChecked = ({
  checkMs,
  againMs,
}: ClaimRules) => sql`(diagnosis_state <> 'asking' and asked_at < now() - ${ms(checkMs)} and (
    (last_seen > asked_at and asked_at < now() - least(${ms(checkMs)} * power(2, least(confirmed, 20)), ${ms(againMs)}))
    or exists (select from incidents j where j.cluster = i.cluster and j.workload in (i.workload, i.peer)
      and j.id <> i.id and j.state = 'open' and j.state_since > i.asked_at)
    or exists (select from incidents j where j.cluster = i.cluster and j.peer in (i.workload, i.peer) and j.peer not in ('', ${MANY_PEERS})
      and j.id <> i.id and j.state = 'open' and j.state_since > i.asked_at)
    or exists (select from incidents j where j.cluster = i.cluster and md5(j.cause) = md5(i.cause)
      and j.cause_ended_at > i.asked_at)))`;

type Claimed = Omit<IncidentToExplain, 'askedAt' | 'witnesses'> & { readonly asked_at: Date };
type WitnessRow = Pick<
  Selectable<EventsTable>,
  | 'incident_id'
  | 'node'
  | 'pod_namespace'
  | 'pod_name'
  | 'protocol'
  | 'source'
  | 'source_port'
  | 'destination'
  | 'destination_port'
  | 'samples'
>;

export function explanationQueries(db: Kysely<Database>): ExplanationQueries {
  return {
    async claim(rules) {
      const narrow = Object.entries(rules.onlyReasons);
      const claimed = await db.transaction().execute(async (tx) => {
        // Not waited for: who holds it does the same work.
        const { rows: lock } = await sql<{ got: boolean }>`select pg_try_advisory_xact_lock(${LOCK}) as got`.execute(
          tx,
        );
        if (!lock[0]?.got) return [];
        await sql`delete from incident_questions where asked_at < now() - interval '1 minute'`.execute(tx);
        const { rows } = await sql<Claimed>`
          with due as (
            select id, row_number() over (
                partition by cluster order by asked_at is not null, array_position(array['critical','warning','info'], severity), opened_at desc
              ) as place, cluster
            from incidents i
            where state = 'open' and current and kind = any(${[...rules.kinds]}::text[])
              and ${sql.join(
                [
                  sql`true`,
                  ...narrow.map(([kind, reasons]) => sql`(kind <> ${kind} or reason = any(${[...reasons]}::text[]))`),
                ],
                sql` and `,
              )}
              and (asked_at is null
                or ${toBeChecked(rules)}
                or (diagnosis_state = 'asking' and asked_at < now() - ${ms(rules.staleMs)})
                or (diagnosis_state = 'failed' and asked_at < now() - ${ms(rules.retryMs)})
                or (asked_at < state_since and asked_at < now() - ${ms(rules.retryMs)}))
          ), asked as (
            select cluster, count(*) as n from incident_questions group by cluster
          ), chosen as (
            select i.id from incidents i join due d on d.id = i.id left join asked a on a.cluster = d.cluster
            where d.place <= ${rules.perMinute} - coalesce(a.n, 0)
            order by d.place limit ${rules.limit} for update of i skip locked
          ), noted as (
            insert into incident_questions (cluster) select i.cluster from chosen join incidents i using (id)
          )
          update incidents i set diagnosis_state = 'asking',
            -- JavaScript's clock has no more.
            asked_at = date_trunc('milliseconds', now()),
            position = nextval('incident_positions'), xact = pg_current_xact_id()
          from chosen where i.id = chosen.id
          returning i.id, i.cluster, i.key, i.kind, i.reason, i.cause, i.verdict, i.asked_at`.execute(tx);
        return rows;
      });
      if (claimed.length === 0) return [];
      const witnesses = await witnessesOf(
        db,
        claimed.map(({ id }) => id),
      );
      return claimed.map(({ asked_at, ...incident }) => ({
        ...incident,
        askedAt: asked_at.toISOString(),
        witnesses: witnesses.filter((row) => row.incident_id === incident.id).map(witnessOf),
      }));
    },
  };
}

async function witnessesOf(db: Kysely<Database>, ids: readonly string[]): Promise<readonly WitnessRow[]> {
  const { rows } = await sql<WitnessRow>`
    select w.* from unnest(${[...ids]}::text[]) as i (id) cross join lateral (
      select incident_id, node, pod_namespace, pod_name, protocol, source, source_port, destination, destination_port, samples
      from events where incident_id = i.id and destination is not null order by window_end desc limit ${WITNESSES}
    ) w`.execute(db);
  return rows;
}

function witnessOf(row: WitnessRow): IncidentToExplain['witnesses'][number] {
  const sample = (row.samples ?? []).find(({ tuple }: AnomalySample) => tuple !== null);
  return {
    node: row.node,
    pod: row.pod_namespace === null || row.pod_name === null ? null : `${row.pod_namespace}/${row.pod_name}`,
    tuple: {
      family: row.destination?.includes(':') ? 'ipv6' : 'ipv4',
      protocol: row.protocol ?? 0,
      source: row.source,
      sourcePort: row.source_port,
      destination: row.destination,
      destinationPort: row.destination_port,
    },
    sample: sample?.tuple ?? null,
  };
}
