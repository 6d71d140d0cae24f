/** agent-heartbeat: who was heard when. Lost ones are replaced by the next, so nothing is retried. */
import type { Bus } from '@netverdict/messaging';
import type { AgentQueries } from '@netverdict/store';
import type { Log } from '@netverdict/telemetry';
import { Heartbeats } from '../domain/heartbeats.ts';

/** Many nodes, one statement: 1,000 agents every few seconds are a few writes. */
const FLUSH_MS = 1000;

export function consumeHeartbeats(bus: Bus, agents: AgentQueries, log: Log): { stop(): Promise<void> } {
  const heartbeats = new Heartbeats();
  const flush = async (): Promise<void> => {
    const heard = heartbeats.take();
    if (heard.length === 0) return;
    try {
      await agents.upsert(heard);
    } catch (err) {
      log.warn({ err, agents: heard.length }, 'heartbeats could not be stored');
    }
  };
  let flushing: Promise<void> | null = null;
  const timer = setInterval(() => {
    flushing ??= flush().finally(() => {
      flushing = null;
    });
  }, FLUSH_MS);
  const subscription = bus.subscribeCore('agent-heartbeat', { cluster: null }, (body, { cluster }) =>
    heartbeats.note(cluster, body, new Date()),
  );
  return {
    async stop() {
      subscription.stop();
      clearInterval(timer);
      await flushing;
      await flush();
    },
  };
}
