/** NAT statements (nft_nat.c, nft_masq.c, nft_redir.c, nft_tproxy.c): by the same bindings as the targets of iptables. */
import type { Hex, IpAddress, Ipv4, Ipv6, NftExpr, Register, XtTarget } from '@netverdict/linux-net';
import { applyTarget } from '../../netfilter/targets/index.ts';
import { fromBe } from '../bytes.ts';
import { asRuleContext } from '../context.ts';
import type { Evaluation } from '../evaluation.ts';
import type { Outcome } from '../outcome.ts';
import { isKnown } from '../registers.ts';

type Of<K extends NftExpr['kind']> = Extract<NftExpr, { kind: K }>;
interface Ports {
  readonly from: number;
  readonly to: number;
}

const familyName = (e: Evaluation): 'ip' | 'ip6' => (e.packet.family === 'ipv4' ? 'ip' : 'ip6');

function address(e: Evaluation, register: Register): IpAddress | null {
  const data: Hex = e.registers.load(register, e.packet.family === 'ipv4' ? 4 : 16);
  if (!isKnown(data)) return null;
  return e.packet.family === 'ipv4' ? (fromBe(data) as Ipv4) : (BigInt(`0x${data}`) as Ipv6);
}

/** undefined: not known. */
function ports(e: Evaluation, min: Register | null, max: Register | null): Ports | null | undefined {
  if (min === null) return null;
  const from = e.registers.load(min, 2);
  const to = e.registers.load(max ?? min, 2);
  return isKnown(from) && isKnown(to) ? { from: fromBe(from), to: fromBe(to) } : undefined;
}

export function nat(x: Of<'nat'>, e: Evaluation): Outcome {
  // nft_nat_inet_eval: in a table of both families a statement is for its own only.
  if (x.family !== familyName(e)) return 'next';
  if (x.flags.includes('offset')) return e.unknownEffect('ports that are shifted by an offset');
  const range = ports(e, x.portMin, x.portMax);
  const min = x.addressMin === null ? null : address(e, x.addressMin);
  const max = x.addressMax === null ? min : address(e, x.addressMax);
  if (range === undefined || (x.addressMin !== null && (min === null || max === null)))
    return e.unknownEffect(`the address that it translates to, from ${e.unreadText()}`);
  const addresses = min === null || max === null ? null : { from: min, to: max };
  const to = {
    addresses: addresses && x.flags.includes('netmap') ? mapped(x, e, addresses) : addresses,
    ports: range,
    basePort: null,
    random: x.flags.includes('random'),
    randomFully: x.flags.includes('fully-random'),
    persistent: x.flags.includes('persistent'),
  };
  return through(e, { kind: x.type, to });
}

/** nft_nat_setup_netmap: the bits in which both ends agree are the new prefix's, the others the packet's. */
function mapped(
  x: Of<'nat'>,
  e: Evaluation,
  range: { from: IpAddress; to: IpAddress },
): { from: IpAddress; to: IpAddress } {
  const old = x.type === 'snat' ? e.packet.source : e.packet.destination;
  const { from, to } = range;
  if (typeof from === 'number' && typeof to === 'number' && typeof old === 'number') {
    const host = from ^ to;
    const one = (((old & host) | (from & ~host)) >>> 0) as Ipv4;
    return { from: one, to: one };
  }
  if (typeof from === 'bigint' && typeof to === 'bigint' && typeof old === 'bigint') {
    const host = from ^ to;
    const one = ((old & host) | (from & ~host & ((1n << 128n) - 1n))) as Ipv6;
    return { from: one, to: one };
  }
  return range;
}

export function masq(x: Of<'masq' | 'redir'>, e: Evaluation): Outcome {
  const range = ports(e, x.portMin, x.portMax);
  if (range === undefined) return e.unknownEffect(`the port that it translates to, from ${e.unreadText()}`);
  const random = x.flags.includes('random');
  return through(
    e,
    x.kind === 'masq'
      ? { kind: 'masquerade', ports: range, random, randomFully: x.flags.includes('fully-random') }
      : { kind: 'redirect', ports: range, random },
  );
}

function through(e: Evaluation, target: XtTarget): Outcome {
  const result = applyTarget(target, asRuleContext(e.context, e.packet));
  switch (result.does) {
    case 'accept':
      e.packet = result.packet;
      return { does: 'accept', said: result.said };
    case 'continue':
      e.packet = result.packet;
      return { does: 'next', said: result.said ?? '' };
    case 'drop':
      return { does: 'verdict', verdict: { code: 'drop' } };
    case 'no-source':
      return { does: 'no-source', said: result.said };
    case 'unknown':
      return e.unknownEffect(result.what);
    default:
      return e.unknownEffect(`${target.kind}, which ends in ${result.does}`);
  }
}

/** The socket that it finds gets the packet whatever the destination; without one the rule does not match. */
export function tproxy(x: Of<'tproxy'>, e: Evaluation): Outcome {
  if (x.family !== 'inet' && x.family !== familyName(e)) return 'break';
  if (e.packet.protocol !== 6 && e.packet.protocol !== 17) return 'break';
  const range = ports(e, x.port, null);
  const to = x.address === null ? null : address(e, x.address);
  if (range === undefined || (x.address !== null && to === null))
    return e.unknownEffect(`the socket that it hands the packet to, from ${e.unreadText()}`);
  const port = range?.from ?? e.packet.dport ?? 0;
  const result = applyTarget(
    { kind: 'tproxy', port, address: to, value: 0, mask: 0 },
    asRuleContext(e.context, e.packet),
  );
  switch (result.does) {
    case 'accept':
      e.packet = result.packet;
      return { does: 'next', said: result.said };
    case 'drop':
    case 'continue':
      // TPROXY of iptables drops what finds no socket (or goes on); here the rule ends.
      return 'break';
    case 'unknown':
      return e.unknownEffect(result.what);
    default:
      return e.unknownEffect('TPROXY to a local socket');
  }
}
