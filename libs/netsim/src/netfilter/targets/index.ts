/** Every kind of target and its evaluator. A kind without one does not compile. */
import type { XtTarget } from '@netverdict/linux-net';
import type { RuleContext } from '../context.ts';
import * as ct from './ct.ts';
import * as marks from './marks.ts';
import * as nat from './nat.ts';
import type { TargetResult } from './result.ts';
import { tproxy } from './tproxy.ts';

type Evaluators = {
  readonly [K in XtTarget['kind']]: (target: Extract<XtTarget, { kind: K }>, context: RuleContext) => TargetResult;
};

export const TARGETS: Evaluators = {
  accept: (_, c) => ({ does: 'accept', packet: c.packet, said: 'ACCEPT' }),
  drop: () => ({ does: 'drop', said: 'DROP' }),
  return: () => ({ does: 'return' }),
  jump: (t) => ({ does: 'jump', chain: t.chain }),
  goto: (t) => ({ does: 'goto', chain: t.chain }),
  reject: (t) => ({ does: 'reject', with: t.with, said: `REJECT with ${t.with}` }),
  mark: marks.mark,
  'connmark-set': marks.connmarkSet,
  'connmark-save': marks.connmarkSave,
  'connmark-restore': marks.connmarkRestore,
  dnat: nat.dnat,
  snat: nat.snat,
  masquerade: nat.masquerade,
  redirect: nat.redirect,
  netmap: nat.netmap,
  notrack: ct.notrack,
  ct: ct.ct,
  tproxy,
  tcpmss: (_, c) => ({ does: 'continue', packet: c.packet }),
  tos: marks.tos,
  dscp: marks.dscp,
  ttl: marks.ttl,
  // Only the copy is somebody else's matter.
  tee: (_, c) => ({ does: 'continue', packet: c.packet }),
  'set-add': changeSet,
  'set-del': changeSet,
  'set-map': (t) => ({ does: 'unknown', what: `what the member of set ${t.set} carries (SET --map-set)` }),
  nfqueue: (t) => ({
    does: 'unknown',
    what: `NFQUEUE ${t.queues.from}: what the process behind the queue decides${t.bypass ? ', if there is one' : ''}`,
  }),
  // Rules of any other protocol than TCP are refused (synproxy_tg4_check).
  synproxy: () => ({ does: 'unknown', what: 'SYNPROXY, which answers the handshake itself' }),
  hmark: () => ({ does: 'unknown', what: 'HMARK, a mark by a hash' }),
  observe: (_, c) => ({ does: 'continue', packet: c.packet }),
  unsupported: (t) => ({ does: 'unknown', what: `target ${t.name}, which is not modelled` }),
};

/** Members are seen by later packets and rules, not by this one's way. */
function changeSet(t: { readonly set: string }, c: RuleContext): TargetResult {
  c.walk.changedSets.add(`${c.ns.key} ${t.set}`);
  return { does: 'continue', packet: c.packet };
}

export function applyTarget(target: XtTarget, context: RuleContext): TargetResult {
  return (TARGETS[target.kind] as (target: XtTarget, context: RuleContext) => TargetResult)(target, context);
}

/** Whether a matching packet is the same afterwards and goes on: then an unknown match does not matter. */
export const changesNothing = (target: XtTarget | null): boolean =>
  target === null || target.kind === 'observe' || target.kind === 'tcpmss' || target.kind === 'tee';
