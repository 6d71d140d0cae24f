/**
 * What conntrack makes of a TCP packet from the state that the connection is in (nf_conntrack_proto_tcp.c: tcp_conntracks).
 * Sequence numbers are not part of a flow: where the window decides, that is asked.
 */
import { TCP } from '../packet/packet.ts';
import type { CtRef } from './table.ts';

/** As `conntrack -L` names them; SYN_SENT2 is a simultaneous open. */
export const TCP_STATES = [
  'NONE',
  'SYN_SENT',
  'SYN_RECV',
  'ESTABLISHED',
  'FIN_WAIT',
  'CLOSE_WAIT',
  'LAST_ACK',
  'TIME_WAIT',
  'CLOSE',
  'SYN_SENT2',
] as const;
export type TcpState = (typeof TCP_STATES)[number];

/** `ignored`: let through without a change of state; `invalid`: it is no part of the connection. */
export type TcpStep = TcpState | 'ignored' | 'invalid';
export type TcpPacket = 'syn' | 'synack' | 'fin' | 'ack' | 'rst' | 'none';

/** get_conntrack_index. */
export function tcpPacket(flags: number): TcpPacket {
  if (flags & TCP.RST) return 'rst';
  if (flags & TCP.SYN) return flags & TCP.ACK ? 'synack' : 'syn';
  if (flags & TCP.FIN) return 'fin';
  return flags & TCP.ACK ? 'ack' : 'none';
}

/** tcp_valid_flags: PSH, ECE and CWR aside, the combinations that are no nonsense. */
export const saneFlags = (flags: number): boolean => {
  const { SYN, ACK, RST, FIN, URG } = TCP;
  return [SYN, SYN | URG, SYN | ACK, RST, RST | ACK, FIN | ACK, FIN | ACK | URG, ACK, ACK | URG].includes(
    flags & (SYN | ACK | RST | FIN | URG),
  );
};

const SHORT: Readonly<Record<string, TcpStep>> = {
  SS: 'SYN_SENT',
  SR: 'SYN_RECV',
  ES: 'ESTABLISHED',
  FW: 'FIN_WAIT',
  CW: 'CLOSE_WAIT',
  LA: 'LAST_ACK',
  TW: 'TIME_WAIT',
  CL: 'CLOSE',
  S2: 'SYN_SENT2',
  IG: 'ignored',
  '--': 'invalid',
};
/** One column for each state, in the order of TCP_STATES. */
const row = (text: string): readonly TcpStep[] => text.split(' ').map((word) => SHORT[word] ?? 'invalid');

const AFTER: Readonly<Record<CtRef['direction'], Readonly<Record<TcpPacket, readonly TcpStep[]>>>> = {
  original: {
    //          NO SS SR ES FW CW LA TW CL S2
    syn: row('SS SS IG IG IG IG IG SS SS S2'),
    synack: row('-- -- SR -- -- -- -- -- -- SR'),
    fin: row('-- -- FW FW LA LA LA TW CL --'),
    ack: row('ES -- ES ES CW CW TW TW CL --'),
    rst: row('-- CL CL CL CL CL CL CL CL CL'),
    none: row('-- -- -- -- -- -- -- -- -- --'),
  },
  reply: {
    syn: row('-- S2 -- -- -- -- -- SS -- S2'),
    synack: row('-- SR IG IG IG IG IG IG IG SR'),
    fin: row('-- -- FW FW LA LA LA TW CL --'),
    ack: row('-- IG SR ES CW CW TW TW CL IG'),
    rst: row('-- CL CL CL CL CL CL CL CL CL'),
    none: row('-- -- -- -- -- -- -- -- -- --'),
  },
};

export const tcpAfter = (direction: CtRef['direction'], packet: TcpPacket, state: TcpState): TcpStep =>
  AFTER[direction][packet][TCP_STATES.indexOf(state)] ?? 'invalid';

/** tcp_new: a first packet that is no SYN is picked up in the middle, unless nf_conntrack_tcp_loose is off. */
export function tcpOpens(flags: number, loose: () => boolean): TcpState | null {
  const state = tcpAfter('original', tcpPacket(flags), 'NONE');
  if (state === 'invalid' || state === 'ignored') return null;
  return state === 'SYN_SENT' || loose() ? state : null;
}
