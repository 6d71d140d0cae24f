/** What depends on payload, rate, clock or fingerprint: no snapshot tells. Each says what it would take to know. */
import type { ModuleText, Untellable } from '@netverdict/linux-net';
import { TCP } from '../../packet/packet.ts';
import type { Answer, RuleContext } from '../context.ts';

const optionsOf = (m: ModuleText<Untellable>): string => m.options.join(' ');
const unknown =
  (what: string) =>
  (m: ModuleText<Untellable>): Answer => ({ unknown: `${what} (${m.kind} ${optionsOf(m)})` });

export const UNTELLABLE: { readonly [K in Untellable]: (m: ModuleText<Untellable>, c: RuleContext) => Answer } = {
  bpf: unknown('what a BPF program says of the packet'),
  string: unknown('the bytes of the packet'),
  hashlimit: unknown('how many packets came of late'),
  quota: unknown('how many bytes have passed'),
  rateest: unknown('an estimated rate'),
  time: unknown('the time of day'),
  l2tp: unknown('an L2TP header'),
  // nf_osf_match: only a SYN has a fingerprint.
  osf: (m, c) => {
    const syn = c.packet.protocol === 6 && (c.packet.tcpFlags & TCP.SYN) !== 0;
    if (syn) return { unknown: `the fingerprint of the sender's system (osf ${optionsOf(m)})` };
    return m.options.some((option) => option.startsWith('! --genre'));
  },
};
