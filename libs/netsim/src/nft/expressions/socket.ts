/** net/netfilter/nft_socket.c: is there a socket of this host for the packet, and what is it like? */
import type { Hex, NftExpr, Socket } from '@netverdict/linux-net';
import type { Packet } from '../../packet/packet.ts';
import { askedAbout } from '../../socket/asked-about.ts';
import { findListener } from '../../socket/listener.ts';
import type { Evaluation } from '../evaluation.ts';
import type { Outcome } from '../outcome.ts';
import { isKnown, unknownBytes } from '../registers.ts';

type SocketExpr = Extract<NftExpr, { kind: 'socket' }>;

export function socket(x: SocketExpr, e: Evaluation): Outcome {
  const { ns, iif, walk } = e.context;
  if (iif === null) return unknownValue(x, e, 'the socket of the sender');
  const packet = askedAbout(e.packet);
  if (packet === null) return 'break';
  const { sockets } = ns.net.state;
  if (!sockets.known) return unknownValue(x, e, `the sockets of ${ns.key}`);
  const found = packet.assigned ?? lookUp(e, packet, sockets.value);
  if (found === null) {
    // The answer belongs to the socket that sent the question; of those only what listens is read.
    const sender = walk.flow.source.kind === 'namespace' && walk.flow.source.namespace === ns.key;
    return walk.direction === 'reply' && sender ? unknownValue(x, e, 'the socket of the sender') : 'break';
  }
  const data = bytesOf(x, found);
  if (!isKnown(data)) e.unread.add(`socket ${x.key}`);
  e.registers.store(x.dreg, data);
  return 'next';
}

function lookUp(e: Evaluation, packet: Packet, sockets: readonly Socket[]): Socket | null {
  const found = findListener(e.context.walk, sockets, packet, e.context.iif?.ifindex ?? 0);
  return found.kind === 'found' ? found.socket : null;
}

/** Whether there is one is not known, nor is what it would give. */
function unknownValue(x: SocketExpr, e: Evaluation, what: string): Outcome {
  e.unread.add(what);
  if (e.uncertain(what) === 'break') return 'break';
  e.registers.store(x.dreg, unknownBytes(lengthOf(x)));
  return 'next';
}

function bytesOf(x: SocketExpr, found: Socket): Hex {
  switch (x.key) {
    case 'wildcard':
      return Number(found.local.address) === 0 ? '01' : '00';
    case 'transparent':
      return found.transparent === null ? unknownBytes(1) : found.transparent ? '01' : '00';
    default:
      return unknownBytes(lengthOf(x));
  }
}

const LENGTHS: Readonly<Record<string, number>> = { transparent: 1, wildcard: 1, mark: 4, cgroupv2: 8 };
const lengthOf = (x: SocketExpr): number => LENGTHS[x.key] ?? 4;
