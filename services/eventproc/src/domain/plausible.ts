/** What the schema lets pass and no agent of ours would send; and times of clocks that are wrong. */
import type { AnomalyBatch } from '@netverdict/contracts';

export const MOST_ANOMALIES = 5000;
export const MOST_FLOWS = 20_000;
const MOST = 1e12;
const [FIRST_YEAR, LAST_YEAR] = [1970, 2200];

const badTime = (instant: string): boolean => {
  const year = new Date(instant).getUTCFullYear();
  return !(year >= FIRST_YEAR && year <= LAST_YEAR);
};
const badNumber = (value: number | undefined): boolean => value !== undefined && !(Math.abs(value) <= MOST);
const badPort = (port: number | null | undefined): boolean => port != null && (port < 0 || port > 65535);

/** Why the batch cannot be stored; null: it can. */
export function implausible({ anomalies, flows = [], seq, epoch, ledger }: AnomalyBatch): string | null {
  if (anomalies.length > MOST_ANOMALIES) return `${anomalies.length} anomalies, at most ${MOST_ANOMALIES} are taken`;
  if (flows.length > MOST_FLOWS) return `${flows.length} flows, at most ${MOST_FLOWS} are taken`;
  if (seq > MOST) return `seq ${seq} is too large`;
  if (epoch.length > 100) return 'the epoch is longer than 100 characters';
  for (const [index, anomaly] of anomalies.entries()) {
    const where = `anomaly ${index}`;
    if (badNumber(anomaly.count) || badNumber(anomaly.bytes) || badNumber(anomaly.netns))
      return `${where}: a number is beyond ${MOST}`;
    if ((anomaly.oneIn ?? 1) > 1e9) return `${where}: oneIn is beyond 1e9`;
    if (badTime(anomaly.windowStart) || badTime(anomaly.windowEnd))
      return `${where}: its window is not between ${FIRST_YEAR} and ${LAST_YEAR}`;
    const { tuple } = anomaly;
    if (tuple && (badPort(tuple.sourcePort) || badPort(tuple.destinationPort))) return `${where}: no such port`;
  }
  for (const [index, flow] of flows.entries())
    if (Object.values(flow).some((value) => typeof value === 'number' && badNumber(value)))
      return `flow ${index}: a number is beyond ${MOST}`;
  if (
    ledger &&
    Object.values(ledger.probes).some((probe) => Object.values(probe).some((n) => typeof n === 'number' && n > 1e15))
  )
    return 'the ledger: a number is beyond 1e15';
  return null;
}

const AHEAD_MS = 60_000;
const BEHIND_MS = 24 * 3_600_000;

/** When it must have been by our clock: a node's that is ahead, or behind by more than any spool keeps, is wrong. */
export function plausibleTime(instant: string, nowMs: number): string {
  const ms = Date.parse(instant);
  return ms > nowMs + AHEAD_MS || ms < nowMs - BEHIND_MS ? new Date(nowMs).toISOString() : new Date(ms).toISOString();
}
