/** agent-heartbeat: who was heard when, and what it has counted. Lost ones are replaced by the next, so nothing is retried. */
import { Heartbeats } from '../domain/heartbeats.ts';
import { heardOf } from '../domain/keep-ledger.ts';
import type { Parts } from '../eventproc.ts';

/** Many nodes, one statement: 1,000 agents every few seconds are a few writes. */
const FLUSH_MS = 1000;

export function consumeHeartbeats({ bus, store, log, tallies }: Parts): { stop(): Promise<void> } {
  const heartbeats = new Heartbeats();
  const flush = async (): Promise<void> => {
    const beats = heartbeats.take();
    if (beats.length === 0) return;
    try {
      await store.agents.upsert(beats.map(({ agent }) => agent));
      const heard = beats.flatMap(({ ledger }) => ledger ?? []);
      if (heard.length === 0) return;
      for (const entry of await heardOf(store, heard, Date.now())) tallies.account(entry.cluster, [entry]);
    } catch (err) {
      log.warn({ err, agents: beats.length }, 'heartbeats could not be stored');
    }
  };
  let flushing: Promise<void> | null = null;
  const timer = setInterval(() => {
    flushing ??= flush().finally(() => {
      flushing = null;
    });
  }, FLUSH_MS);
  const subscription = bus.subscribeCore('agent-heartbeat', { cluster: null }, (body, { cluster, occurredAt }) =>
    heartbeats.note(cluster, body, new Date(), occurredAt),
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
