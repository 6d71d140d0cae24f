/** From rows to the documents that REST shows. */
import { PROBLEM_BASE, type ScheduleDocument, type ScheduleRun } from '@netverdict/contracts';
import type { ScheduleRow, ScheduleRunRow } from '@netverdict/store';

export const scheduleDocument = (row: ScheduleRow): ScheduleDocument => ({
  id: row.id,
  name: row.name,
  cluster: row.cluster,
  request: row.request,
  everyMs: row.every_ms,
  cron: row.cron,
  timeZone: row.cron === null ? null : (row.time_zone ?? 'UTC'),
  callback: row.callback_url !== null,
  state: row.paused_at === null ? 'active' : 'paused',
  pausedReason: row.paused_reason,
  nextRunAt: row.paused_at === null ? row.next_due_at.toISOString() : null,
  running: row.running,
  answer: row.answer,
  runs: row.runs,
  missed: row.missed,
  changes: row.changes,
  failures: row.failures,
  createdAt: row.created_at.toISOString(),
  updatedAt: row.updated_at.toISOString(),
});

export const scheduleRunDocument = (row: ScheduleRunRow): ScheduleRun => ({
  state: row.state,
  dueAt: row.due_at?.toISOString() ?? null,
  startedAt: row.state === 'missed' ? null : row.started_at.toISOString(),
  endedAt: row.ended_at?.toISOString() ?? null,
  missed: row.missed,
  lastDueAt: row.until?.toISOString() ?? null,
  reason: row.reason,
  diagnosisId: row.diagnosis_id,
  outcome: row.outcome as ScheduleRun['outcome'],
  deciding: [...(row.deciding ?? [])],
  problem:
    row.problem === null
      ? null
      : { ...row.problem, type: `${PROBLEM_BASE}${row.problem.type}`, suggestions: [...row.problem.suggestions] },
  changed: row.changed,
});
