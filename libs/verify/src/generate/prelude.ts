/** Packets sent before anything is read: their connections are known to the world when it is judged, and go on. */
import type { Draft } from './draft.ts';
import { flow } from './flows.ts';

const FIRST_SPORT = 15_000;

export function addPrelude(draft: Draft): void {
  for (let i = 0; i < draft.random.int(1, 4); i++) {
    const made = { ...flow(draft, `p${i}`, FIRST_SPORT + i), repeat: 1, ttl: 64, tcpFlags: null };
    if (made.source === null) continue;
    // Of TCP the second packet would need the first one's sequence numbers: only datagrams go on.
    if (made.protocol === 'tcp') continue;
    draft.prelude.push(made);
    draft.flows.push({ ...made, id: `again-${made.id}`, continues: made.id });
  }
}
