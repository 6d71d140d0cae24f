/** net/netfilter/nft_exthdr.c. The model's packets carry no extension headers and no IP options; of TCP's options it knows none. */
import type { NftExpr } from '@netverdict/linux-net';
import type { Evaluation } from '../evaluation.ts';
import type { Outcome } from '../outcome.ts';
import { unknownBytes } from '../registers.ts';

type Of<K extends NftExpr['kind']> = Extract<NftExpr, { kind: K }>;

const TCP_PROTOCOL = 6;
const SCTP_PROTOCOL = 132;

export function exthdr(x: Of<'exthdr'>, e: Evaluation): Outcome {
  const { protocol } = e.packet;
  const open = (x.op === 'tcpopt' && protocol === TCP_PROTOCOL) || (x.op === 'sctp' && protocol === SCTP_PROTOCOL);
  if (open) {
    e.unread.add(x.op === 'tcpopt' ? `TCP option ${x.type}` : `SCTP chunk ${x.type}`);
    // Whether it is there at all is as little known.
    if (!x.present && e.uncertain(e.unreadText()) === 'break') return 'break';
    e.registers.store(x.dreg, unknownBytes(x.present ? 1 : x.length));
    return 'next';
  }
  if (!x.present) return 'break';
  e.registers.store(x.dreg, '00');
  return 'next';
}

/** A changed or stripped option changes nothing that the model asks for. */
export const changeOption = (_x: Of<'exthdr-set' | 'exthdr-strip'>, e: Evaluation): Outcome =>
  e.packet.protocol === TCP_PROTOCOL ? 'next' : 'break';
