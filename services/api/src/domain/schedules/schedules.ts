/** Schedules: a question asked again and again, one run at a time. Rows say when the next is due; whoever wakes begins it, once. */
import { createHash } from 'node:crypto';
import type { ScheduleChanged, ScheduleDocument, ScheduleRequested } from '@netverdict/contracts';
import type { Begun, ScheduleChange, ScheduleRow, Store } from '@netverdict/store';
import type { Log } from '@netverdict/telemetry';
import { v7 as uuidv7 } from 'uuid';
import { invalidRequest, ProblemError } from '../../http/problems.ts';
import type { PublishRequested } from '../../publish/diagnosis-requested.ts';
import { canonical, requireCluster } from '../accept.ts';
import { type Asker, type BackgroundSettings, backgroundDiagnosis, namespacesNamed } from '../background.ts';
import { nameOf } from '../check-request.ts';
import { scheduleDocument } from './documents.ts';
import { checkTiming, dueRuns, nextAfter } from './timing.ts';

export const SCHEDULE_ID = /^sc_[0-9a-f-]{36}$/;
const MOST = 1000;

export interface Schedules {
  create(
    asked: ScheduleRequested,
    of: Asker,
  ): Promise<{ readonly document: ScheduleDocument; readonly created: boolean }>;
  /** @throws ProblemError 404 */
  row(id: string): Promise<ScheduleRow>;
  change(id: string, change: ScheduleChanged): Promise<ScheduleDocument>;
  pause(id: string): Promise<ScheduleDocument>;
  /** From now on; what would have been due meanwhile is not missed. */
  resume(id: string): Promise<ScheduleDocument>;
  remove(id: string): Promise<void>;
  /** A run now. @returns its diagnosis. @throws ProblemError 409 while one is under way */
  runNow(id: string): Promise<string>;
  /** Begins what is due of it, if something is. false: it is not there or paused, and need not be woken again. */
  due(id: string): Promise<boolean>;
}

/** The clock in Redis, which only wakes: see publish/schedule-clock.ts. */
export interface Clock {
  set(row: ScheduleRow): Promise<void>;
  unset(id: string): Promise<void>;
}

export const unknownSchedule = (id: string): ProblemError =>
  new ProblemError({
    type: 'unknown-schedule',
    status: 404,
    title: 'No such schedule',
    detail: `There is no schedule ${id}.`,
  });

export interface ScheduleContext {
  readonly store: Pick<Store, 'schedules' | 'agents'>;
  readonly publish: PublishRequested;
  readonly clock: Clock;
  readonly settings: BackgroundSettings;
  readonly defaultCluster: string;
  readonly log: Log;
}

export function createSchedules({
  store: { schedules, agents },
  publish,
  clock,
  settings,
  defaultCluster,
  log,
}: ScheduleContext): Schedules {
  const make = (row: ScheduleRow) => backgroundDiagnosis(row, { scheduleId: row.id }, settings);
  /** Without Redis the row is enough: the clock is made again from it, and what is overdue is begun anyway. */
  const withoutRedis = (id: string) => (err: unknown) =>
    log.warn({ err, scheduleId: id }, 'the clock of a schedule could not be set; it follows its row later');

  async function row(id: string): Promise<ScheduleRow> {
    const found = SCHEDULE_ID.test(id) ? await schedules.get(id) : null;
    if (found === null) throw unknownSchedule(id);
    return found;
  }
  async function changed(id: string, change: ScheduleChange): Promise<ScheduleDocument> {
    const now = await schedules.change(id, change);
    if (now === null) throw unknownSchedule(id);
    await (now.paused_at === null ? clock.set(now) : clock.unset(id)).catch(withoutRedis(id));
    return scheduleDocument(now);
  }
  function begun(id: string, result: Begun): Begun {
    if (result.kind === 'begun') {
      log.info({ scheduleId: id, diagnosisId: result.row.id }, 'a scheduled run is begun');
      void publish(result.row);
    }
    if (result.kind === 'running')
      log.warn(
        { scheduleId: id, diagnosisId: result.diagnosisId },
        'a scheduled run was missed: the one before goes on',
      );
    return result;
  }

  async function due(id: string): Promise<boolean> {
    const result = begun(id, await schedules.beginDue(id, { limit: settings.open, plan: dueRuns, make }));
    if (result.kind === 'gone') return false;
    return result.kind !== 'not-due' || (await schedules.get(id))?.paused_at === null;
  }

  return {
    row,
    due,
    async create(asked, { tokenId, visibleNamespaces, idempotencyKey }) {
      await requireCluster(agents, asked.cluster, defaultCluster);
      const cluster = asked.cluster ?? defaultCluster;
      const { everyMs = null, cron = null, request } = asked;
      const timeZone = cron === null ? null : (asked.timeZone ?? 'UTC');
      const hash = createHash('sha256').update(canonical(asked)).digest('hex');
      const timing = { every_ms: everyMs, cron, time_zone: timeZone };
      const added = await schedules.add(
        {
          ...{ id: `sc_${uuidv7()}`, name: asked.name, cluster, request: { cluster, ...request } },
          ...{ namespaces: namespacesNamed([request]), source: nameOf(request.source) },
          ...{ destination: nameOf(request.destination), everyMs, cron, timeZone },
          ...{ callbackUrl: asked.callbackUrl ?? null, tokenId, visibleNamespaces, idempotencyKey, requestHash: hash },
          // An interval begins with its first run.
          ...{ nextDueAt: everyMs === null ? nextAfter(timing, new Date()) : new Date(), paused: false },
        },
        MOST,
      );
      if (added === null)
        throw new ProblemError({
          type: 'too-many-schedules',
          status: 409,
          title: 'There are too many schedules',
          detail: `There may be ${MOST}. Remove those that nobody needs any more.`,
        });
      if (!added.created && added.row.request_hash !== hash)
        throw new ProblemError({
          type: 'idempotency-key-reused',
          status: 422,
          title: 'This Idempotency-Key was used for another request',
          detail: `The key belongs to schedule ${added.row.id}, whose request was different. Use a new key.`,
        });
      const { id } = added.row;
      if (added.created) {
        await clock.set(added.row).catch(withoutRedis(id));
        log.info({ scheduleId: id, cluster, everyMs, cron, tokenId }, 'a schedule was made');
        // Its first run is due at once; what does not begin now begins by the clock.
        if (everyMs !== null) void due(id).catch(withoutRedis(id));
      }
      return { document: scheduleDocument(added.row), created: added.created };
    },
    async change(id, change) {
      const before = await row(id);
      const { name, everyMs, cron, timeZone, callbackUrl } = change;
      const other = everyMs !== undefined || cron !== undefined || timeZone !== undefined;
      const timing = {
        every_ms: everyMs ?? (cron === undefined ? before.every_ms : null),
        cron: cron ?? (everyMs === undefined ? before.cron : null),
        time_zone: timeZone ?? (everyMs === undefined ? before.time_zone : null),
      };
      if (other) {
        const errors = checkTiming({
          ...(timing.every_ms === null || (everyMs === undefined && cron !== undefined)
            ? {}
            : { everyMs: timing.every_ms }),
          ...(timing.cron === null ? {} : { cron: timing.cron }),
          ...(timeZone === undefined ? {} : { timeZone }),
        });
        if (everyMs !== undefined && cron !== undefined)
          errors.push({ pointer: '/cron', detail: 'stands beside everyMs', expected: 'either everyMs or cron' });
        if (errors.length > 0) throw invalidRequest(errors);
      }
      return await changed(id, {
        ...(name === undefined ? {} : { name }),
        ...(callbackUrl === undefined ? {} : { callback_url: callbackUrl }),
        ...(other ? { ...timing, next_due_at: nextAfter(timing, new Date()) } : {}),
      });
    },
    async pause(id) {
      await row(id);
      return await changed(id, { paused_at: new Date(), paused_reason: null });
    },
    async resume(id) {
      const before = await row(id);
      if (before.paused_at === null) return scheduleDocument(before);
      return await changed(id, {
        ...{ paused_at: null, paused_reason: null, next_due_at: nextAfter(before, new Date()) },
      });
    },
    async remove(id) {
      await row(id);
      await schedules.remove(id);
      await clock.unset(id).catch(withoutRedis(id));
    },
    async runNow(id) {
      await row(id);
      const result = begun(id, await schedules.beginNow(id, make));
      if (result.kind === 'begun') return result.row.id;
      if (result.kind === 'running')
        throw new ProblemError({
          type: 'already-running',
          status: 409,
          title: 'A run is under way',
          detail: `Its diagnosis is ${result.diagnosisId}; runs come one after the other.`,
        });
      throw unknownSchedule(id);
    },
  };
}
