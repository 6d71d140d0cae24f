/** Every kind of target and its evaluator. A kind without one does not compile. */
import type { XtTarget } from '@netverdict/linux-net';
import type { RuleContext } from '../context.ts';
import * as marks from './marks.ts';
import * as nat from './nat.ts';
import type { TargetResult } from './result.ts';

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
  notrack: (_, c) => ({ does: 'continue', packet: { ...c.packet, untracked: true, ct: null }, said: 'not tracked' }),
  ct: (t, c) => {
    if (t.notrack) return { does: 'continue', packet: { ...c.packet, untracked: true, ct: null }, said: 'not tracked' };
    // A helper adds expectations, of which one flow shows nothing.
    if (t.zone === null) return { does: 'continue', packet: c.packet };
    return { does: 'continue', packet: { ...c.packet, zone: t.zone }, said: `conntrack zone ${t.zone}` };
  },
  tproxy: () => ({ does: 'unknown', what: 'TPROXY to a local socket' }),
  tcpmss: (_, c) => ({ does: 'continue', packet: c.packet }),
  tos: marks.tos,
  dscp: marks.dscp,
  ttl: marks.ttl,
  observe: (_, c) => ({ does: 'continue', packet: c.packet }),
  unsupported: (t) => ({ does: 'unknown', what: `target ${t.name}, which is not modelled` }),
};

export function applyTarget(target: XtTarget, context: RuleContext): TargetResult {
  return (TARGETS[target.kind] as (target: XtTarget, context: RuleContext) => TargetResult)(target, context);
}

/** Whether a matching packet is the same afterwards and goes on: then an unknown match does not matter. */
export const changesNothing = (target: XtTarget | null): boolean =>
  target === null || target.kind === 'observe' || target.kind === 'tcpmss';
