/**
 * Nothing accepted is lost: what has not moved is published again with the next attempt, after growing waits; what
 * passed its deadline fails with a reason. Any number of replicas sweep: rows are claimed, ends are conditional.
 */
import type { Stage } from '@netverdict/contracts';
import { type DiagnosisRow, isUnavailable, type Store, type StoredProblem } from '@netverdict/store';
import type { Log } from '@netverdict/telemetry';
import type { PublishRequested } from '../publish/diagnosis-requested.ts';
import type { Finish } from './finish.ts';

const PROBLEM_AWAY = 'cluster-away';

/** Said at once, instead of when the deadline has passed: nobody is there to resolve or to collect. */
export function awayProblem({ cluster, message, status }: DiagnosisRow, sinceMs: number): StoredProblem {
  const word = status === 'accepted' ? '' : ` The last word of it was: ${message}.`;
  return {
    type: PROBLEM_AWAY,
    title: `The cluster ${cluster} is away`,
    detail: `Its topology service is not heard since ${new Date(sinceMs).toISOString()}.${word} See that it runs and reaches NATS, then ask again.`,
    suggestions: [],
  };
}

export interface SweeperSettings {
  readonly everyMs: number;
  readonly republishMs: number;
  /** When a cluster that is away was heard last, ms since 1970; null: it is there, as far as is known. */
  readonly awaySince: (cluster: string) => number | null;
  /** Finished diagnoses are removed after this many days. */
  readonly retentionDays: number;
}

export interface Sweeper {
  /** One round, for tests; the loop calls the same. */
  sweep(): Promise<void>;
  stop(): Promise<void>;
}

const BATCH = 100;
const RETENTION_EVERY_MS = 600_000;
const DAY_MS = 86_400_000;
const AUDIT_DAYS = 365;

const SILENT: Readonly<Record<Exclude<Stage, 'completed' | 'failed'>, (row: DiagnosisRow) => string>> = {
  accepted: (row) =>
    `No topology service of cluster "${row.cluster}" took it up. Is one running for that cluster, and connected to NATS?`,
  resolving: () => 'The topology service began to resolve the names and has not been heard of since.',
  collecting: (row) => `The nodes' state was being collected; the last word was: ${row.message}.`,
  simulating: (row) => `The simulator did not come to a verdict; the last word was: ${row.message}.`,
};

export function deadlineProblem(row: DiagnosisRow): StoredProblem {
  const seconds = Math.round((row.deadline_at.getTime() - row.accepted_at.getTime()) / 1000);
  const { status } = row;
  const why = status === 'completed' || status === 'failed' ? '' : SILENT[status](row);
  return {
    type: 'deadline-exceeded',
    title: `There was no answer within ${seconds} s`,
    detail: `${why} It was asked ${row.attempt === 1 ? 'once' : `${row.attempt} times`}.`.trim(),
    suggestions: [],
  };
}

export function createSweeper(
  {
    diagnoses,
    deliveries,
    audit,
    batches,
    schedules,
  }: Pick<Store, 'diagnoses' | 'deliveries' | 'audit' | 'batches' | 'schedules'>,
  finish: Finish,
  publish: PublishRequested,
  settings: SweeperSettings,
  log: Log,
): Sweeper {
  let stopped = false;
  let timer: NodeJS.Timeout | null = null;
  let running: Promise<void> = Promise.resolve();
  let retainedAt = 0;

  const sweep = async (): Promise<void> => {
    for (const row of await diagnoses.overdue(BATCH)) await finish.fail(row.id, deadlineProblem(row));
    for (const row of await diagnoses.waitingForClusters(BATCH, settings.awaySince)) {
      const sinceMs = settings.awaySince(row.cluster);
      if (sinceMs !== null) await finish.fail(row.id, awayProblem(row, sinceMs));
    }
    const stalled = await diagnoses.claimStalled({ limit: BATCH, baseMs: settings.republishMs });
    for (const row of stalled)
      log.warn(
        { diagnosisId: row.id, attempt: row.attempt, status: row.status },
        'a diagnosis has not moved: asking again',
      );
    await Promise.all(stalled.map(publish));
    if (performance.now() - retainedAt > RETENTION_EVERY_MS || retainedAt === 0) {
      retainedAt = performance.now();
      const before = new Date(Date.now() - settings.retentionDays * DAY_MS);
      const removed = await diagnoses.deleteFinishedBefore(before.toISOString());
      if (removed > 0) log.info({ removed }, 'old diagnoses are removed');
      await deliveries.deleteFinishedBefore(before);
      await batches.deleteFinishedBefore(before);
      await schedules.deleteRunsBefore(before);
      await audit.deleteBefore(new Date(Date.now() - AUDIT_DAYS * DAY_MS));
    }
  };

  const loop = async (): Promise<void> => {
    try {
      await sweep();
    } catch (err) {
      if (isUnavailable(err)) log.warn({ err }, 'the sweeper waits for the database');
      else log.error({ err }, 'the sweeper failed');
    }
    if (!stopped) timer = setTimeout(start, settings.everyMs);
  };
  const start = (): void => {
    running = loop();
  };
  timer = setTimeout(start, settings.everyMs);

  return {
    sweep,
    async stop() {
      stopped = true;
      if (timer) clearTimeout(timer);
      await running;
    },
  };
}
