/** A plain packet, for tests that speak of one or two of its fields. */
import { ip } from '@netverdict/linux-net';
import { type Packet, TCP } from '../packet/packet.ts';

export const SYN: Packet = {
  family: 'ipv4',
  protocol: 6,
  source: ip('10.244.1.2'),
  destination: ip('10.244.2.2'),
  sport: 40000,
  dport: 80,
  tcpFlags: TCP.SYN,
  icmp: null,
  ttl: 64,
  tos: 0,
  sizeBytes: 60,
  dontFragment: false,
  mark: 0,
  ct: null,
  untracked: false,
  zone: 0,
  payload: null,
};
