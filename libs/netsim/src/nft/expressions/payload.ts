/** net/netfilter/nft_payload.c */
import type { Hex, NftExpr } from '@netverdict/linux-net';
import type { Packet } from '../../packet/packet.ts';
import { be } from '../bytes.ts';
import type { NftContext } from '../context.ts';
import type { Evaluation } from '../evaluation.ts';
import { innerOffset, writeNetwork, writeTransport } from '../header.ts';
import type { Outcome } from '../outcome.ts';
import { isKnown, unknownBytes } from '../registers.ts';

type Of<K extends NftExpr['kind']> = Extract<NftExpr, { kind: K }>;

export function payload(x: Of<'payload'>, e: Evaluation): Outcome {
  const data = read(x, e);
  if (data === null) return 'break';
  e.registers.store(x.dreg, data);
  if (!isKnown(data)) e.unread.add(fieldName(x));
  return 'next';
}

const fieldName = (x: Of<'payload'>): string =>
  `${x.length === 1 ? 'byte' : 'bytes'} ${x.offset}${x.length === 1 ? '' : `…${x.offset + x.length - 1}`} of the ${x.base} header`;

/** null: the packet has no such bytes, and the rule does not match. */
function read(x: Of<'payload'>, e: Evaluation): Hex | null {
  const { packet } = e;
  switch (x.base) {
    case 'link':
      return readLink(x, e.context, packet);
    case 'network':
      return cut(e.headers().network, x.offset, x.length);
    case 'transport':
      return cut(e.headers().transport, x.offset, x.length);
    case 'inner': {
      if (packet.protocol !== 6 && packet.protocol !== 17) return null;
      const from = innerOffset(packet);
      return from === null ? unknownBytes(x.length) : cut(e.headers().transport, from + x.offset, x.length);
    }
    case 'tunnel':
      return unknownBytes(x.length);
  }
}

const cut = (header: Hex, offset: number, length: number): Hex | null =>
  (offset + length) * 2 <= header.length ? header.slice(offset * 2, (offset + length) * 2) : null;

const ETHERNET = 14;

/** What this host has just made has no frame yet; what came in keeps the one that it came in. */
function readLink(x: Of<'payload'>, c: NftContext, packet: Packet): Hex | null {
  if (c.layer === 'ip' && c.iif === null && (c.hook === 'output' || c.hook === 'postrouting')) return null;
  if (x.offset + x.length > ETHERNET) return unknownBytes(x.length);
  const mac = (text: string | null | undefined): Hex => text?.replaceAll(':', '') ?? unknownBytes(6);
  const type = packet.family === 'ipv4' ? 0x0800 : 0x86dd;
  return cut(
    `${mac(c.ethernet?.destination)}${mac(c.ethernet?.source ?? packet.frame?.source)}${be(type, 2)}`,
    x.offset,
    x.length,
  );
}

export function payloadSet(x: Of<'payload-set'>, e: Evaluation): Outcome {
  const data = e.registers.load(x.sreg, x.length);
  const written =
    x.base === 'network'
      ? writeNetwork(e.packet, x.offset, data)
      : x.base === 'transport'
        ? writeTransport(e.packet, x.offset, data)
        : null;
  if (written === null) return e.unknownEffect(`what is written to the ${x.base} header at ${x.offset}`);
  e.packet = written;
  return { does: 'next', said: `writes ${data} to the ${x.base} header at ${x.offset}` };
}
