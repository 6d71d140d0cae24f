/** The newest heartbeat of each agent since the last `take`. */
import type { AgentHeartbeat } from '@netverdict/contracts';
import type { AgentHeard } from '@netverdict/store';
import type { Heard } from './keep-ledger.ts';

/** Told again after so long although nothing in it changed: another replica's row may have been forgotten. */
const AGAIN_MS = 60_000;

export interface Beat {
  readonly agent: AgentHeard;
  /** null: it is as it was, or the agent does not tell. */
  readonly ledger: Heard | null;
}

export class Heartbeats {
  private readonly newest = new Map<string, Beat>();
  /** What each agent's ledger was when it was last taken. */
  private readonly taken = new Map<string, { readonly text: string; readonly atMs: number }>();

  /** @param at our clock: the node's may be wrong. @param sentAt the node's, RFC 3339 */
  note(cluster: string, body: AgentHeartbeat, at: Date, sentAt: string): void {
    const { node, epoch, version, kernel, lastSeq, capabilities, probes, watch, configuration, budget, spool, ledger } =
      body;
    const details = {
      // With what it took to come, some milliseconds: enough to find a clock that is wrong.
      clockOffsetMs: Date.parse(sentAt) - at.getTime(),
      ...(configuration ? { configuration } : {}),
      ...(budget ? { budget } : {}),
      ...(spool ? { spool } : {}),
    };
    const agent: AgentHeard = {
      ...{ cluster, node, epoch, version, kernel, lastSeq, capabilities, lastSeen: at.toISOString() },
      ...(probes === undefined ? {} : { probes }),
      ...(watch === undefined ? {} : { watch }),
      details,
    };
    this.newest.set(`${cluster}/${node}`, { agent, ledger: ledger ? { cluster, node, epoch, lastSeq, ledger } : null });
  }

  take(nowMs = Date.now()): Beat[] {
    const beats = [...this.newest].map(([key, beat]) => ({ ...beat, ledger: this.changed(key, beat.ledger, nowMs) }));
    this.newest.clear();
    return beats;
  }

  private changed(key: string, heard: Heard | null, nowMs: number): Heard | null {
    if (heard === null) return null;
    const text = JSON.stringify([heard.epoch, heard.lastSeq, { ...heard.ledger, at: '' }]);
    const before = this.taken.get(key);
    if (before?.text === text && nowMs - before.atMs < AGAIN_MS) return null;
    this.taken.set(key, { text, atMs: nowMs });
    return heard;
  }
}
