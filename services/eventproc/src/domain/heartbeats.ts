/** The newest heartbeat of each agent since the last `take`. */
import type { AgentHeartbeat } from '@netverdict/contracts';
import type { AgentHeard } from '@netverdict/store';

export class Heartbeats {
  private readonly newest = new Map<string, AgentHeard>();

  /** @param at our clock: the node's may be wrong */
  note(cluster: string, body: AgentHeartbeat, at: Date): void {
    const { node, epoch, version, kernel, lastSeq, capabilities } = body;
    const heard = { cluster, node, epoch, version, kernel, lastSeq, capabilities, lastSeen: at.toISOString() };
    this.newest.set(`${cluster}/${node}`, heard);
  }

  take(): AgentHeard[] {
    const heard = [...this.newest.values()];
    this.newest.clear();
    return heard;
  }
}
