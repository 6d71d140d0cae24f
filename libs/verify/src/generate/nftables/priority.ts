/** Where a base chain stands among all that is hooked in at its place. */
import type { Draft, DraftNamespace } from '../draft.ts';
import type { NftHook, NftPlace } from './place.ts';

/** Those of iptables' tables (nf_ip_hook_priorities): a chain of its own beside them is seldom asked at the same time. */
const OF_IPTABLES: ReadonlySet<number> = new Set([-300, -150, -100, 0, 50, 100]);

/** Around the places of iptables' tables, of conntrack (-200) and of NAT (-100, 100). */
const FILTER = [-310, -300, -299, -250, -210, -150, -149, -110, -50, -10, 0, 1, 10, 50, 60, 110, 200, 300];
const BEFORE_ROUTING = [-100, -99, -95, -90, -105, -110, -120];
const AFTER_ROUTING = [100, 99, 95, 90, 105, 110, 120];

/**
 * Of hooks of one priority the kernel asks the one registered last first, and what was registered when is told by few kernels'
 * lists of hooks only: else the model follows both orders, and such a packet is undetermined where its fate depends on it. Two
 * rulesets in one place are seldom on a real machine, too.
 */
export function sharesPriority({ random }: Draft): boolean {
  return random.chance(0.1);
}

export function priorityOf(draft: Draft, ns: DraftNamespace, type: NftPlace['chainType'], hook: NftHook): number {
  const { random } = draft;
  const all = type !== 'nat' ? FILTER : hook === 'prerouting' || hook === 'output' ? BEFORE_ROUTING : AFTER_ROUTING;
  const free = all.filter((p) => !OF_IPTABLES.has(p) && !ns.prioritiesTaken.has(`${hook} ${p}`));
  const priority = random.pick(free.length === 0 || sharesPriority(draft) ? all : free);
  ns.prioritiesTaken.add(`${hook} ${priority}`);
  return priority;
}
