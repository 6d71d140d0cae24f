/** fib and rt: what the routing tables say (nft_fib.c, nft_fib_ipv4.c, nft_fib_ipv6.c, nft_rt.c). */
import type { Hex, Link, NftExpr, Route } from '@netverdict/linux-net';
import { needsDevice } from '../../route/addresses.ts';
import { flowKey } from '../../route/input.ts';
import { addressType, isMulticast, lookup } from '../../route/lookup.ts';
import { addressBytes, nameBytes } from '../bytes.ts';
import type { Evaluation } from '../evaluation.ts';
import type { Outcome } from '../outcome.ts';
import { unknownBytes } from '../registers.ts';

type Fib = Extract<NftExpr, { kind: 'fib' }>;
type Rt = Extract<NftExpr, { kind: 'rt' }>;

/** RTN_* (include/uapi/linux/rtnetlink.h). */
const RTN: Readonly<Record<Route['type'], number>> = {
  unicast: 1,
  local: 2,
  broadcast: 3,
  anycast: 4,
  multicast: 5,
  blackhole: 6,
  unreachable: 7,
  prohibit: 8,
  throw: 9,
  nat: 10,
};

const deviceOf = (x: Fib, e: Evaluation): Link | null =>
  x.flags.includes('iif') ? e.context.iif : x.flags.includes('oif') ? e.context.oif : null;

export function fib(x: Fib, e: Evaluation): Outcome {
  const data = x.result === 'addrtype' || x.result === 'type' ? typeBytes(x, e) : deviceBytes(x, e);
  if (data.includes('?')) e.unread.add('the routing tables');
  e.registers.store(x.dreg, data);
  return 'next';
}

function typeBytes(x: Fib, e: Evaluation): Hex {
  const address = x.flags.includes('daddr') ? e.packet.destination : e.packet.source;
  const type =
    typeof address === 'number'
      ? addressType(e.context.ns, address, deviceOf(x, e)?.ifindex ?? null)
      : type6(x, e, address);
  return type === 'unknown' ? unknownBytes(4) : e.table.host.bytes(RTN[type], 4);
}

/** __nft_fib6_eval_type asks the whole of routing, and for the device's own addresses where one is given. */
function type6(x: Fib, e: Evaluation, address: bigint): Route['type'] | 'unknown' {
  const { ns, walk } = e.context;
  const dev = deviceOf(x, e);
  if (isMulticast(address as never)) return 'multicast';
  if (dev && ns.net.addressesOn(dev.ifindex).some((a) => a.address === address && !a.tentative)) return 'local';
  const result = walk.aside(() => lookup(walk, ns, { ...flowKey(towards(x, e), 'lo', null), uid: 0 }));
  if (result.kind === 'unknown') return 'unknown';
  if (result.kind === 'none') return 'unreachable';
  if (result.kind === 'error') return result.type as Route['type'];
  if (result.route.type === 'anycast') return 'anycast';
  return result.route.type === 'local' && !dev ? 'local' : 'unicast';
}

/** The packet that the lookup is for: to the destination, or back to the source. */
function towards(x: Fib, e: Evaluation): Evaluation['packet'] {
  const { packet } = e;
  const mark = x.flags.includes('mark') ? packet.mark : 0;
  const ends = x.flags.includes('daddr') ? {} : { source: packet.destination, destination: packet.source };
  // A flow of addresses, mark and protocol: fib4 and fib6 fill in no ports.
  return { ...packet, ...ends, mark, sport: null, dport: null };
}

/** nft_fib4_eval, nft_fib6_flowi_init: asked for the source at forward, the lookup is as for what comes in by the device it leaves by. */
function comesBy(x: Fib, { context: { hook, oif } }: Evaluation): string {
  return hook === 'forward' && x.flags.includes('saddr') && x.flags.includes('iif') && oif ? oif.name : 'lo';
}

function deviceBytes(x: Fib, e: Evaluation): Hex {
  const found = findDevice(x, e);
  if (found === 'unknown') return unknownBytes(x.result === 'oifname' && !x.flags.includes('present') ? 16 : 4);
  if (x.flags.includes('present')) return e.table.host.bytes(found ? 1 : 0, 4);
  if (x.result === 'oifname') return nameBytes(found?.name ?? '');
  return e.table.host.bytes(found?.ifindex ?? 0, 4);
}

function findDevice(x: Fib, e: Evaluation): Link | null | 'unknown' {
  const { ns, walk, hook, iif } = e.context;
  const dev = deviceOf(x, e);
  // nft_fib_can_skip: what comes in by loopback is not looked up.
  if ((hook === 'prerouting' || hook === 'ingress' || hook === 'input') && iif?.loopback) return iif;
  const asked = towards(x, e);
  // nft_fib6_flowi_init: an address of a link, be it of a group, is asked for on the packet's device.
  const own = asked.destination !== 1n && needsDevice(asked.destination) ? (dev ?? iif ?? e.context.oif ?? null) : null;
  // In the superuser's name (sock_net_uid without a socket), whoever sent the packet.
  const key = { ...flowKey(asked, comesBy(x, e), own), strictDevice: own !== null, uid: 0 };
  const result = walk.aside(() => lookup(walk, ns, key));
  if (result.kind === 'unknown') return 'unknown';
  // Of a group's or a broadcast's route there is a device to tell.
  if (result.kind !== 'route' || result.route.type === 'local' || result.route.type === 'anycast') return null;
  const { route, nexthop } = result;
  if (dev) return route.nexthops.some((hop) => hop.dev === dev.ifindex) ? dev : null;
  return (nexthop?.dev != null && ns.net.linkByIndex.get(nexthop.dev)) || null;
}

/** Only what has been routed has an answer. */
export function rt(x: Rt, e: Evaluation): Outcome {
  const { hook, nexthop } = e.context;
  if (hook === 'prerouting' || hook === 'ingress') return 'break';
  // What is for this host goes to no gateway: rt_nexthop and rt6_nexthop give the destination itself.
  const next = hook === 'input' ? e.packet.destination : (nexthop ?? e.packet.destination);
  switch (x.key) {
    case 'nexthop4':
      if (typeof next !== 'number') return 'break';
      e.registers.store(x.dreg, addressBytes(next));
      return 'next';
    case 'nexthop6':
      if (typeof next !== 'bigint') return 'break';
      e.registers.store(x.dreg, addressBytes(next));
      return 'next';
    case 'tcpmss':
      e.unread.add('the MSS of the route');
      e.registers.store(x.dreg, unknownBytes(2));
      return 'next';
    case 'classid': {
      const { realms = 0 } = e.context;
      if (realms === null) e.unread.add('the number of a realm that has a name');
      e.registers.store(
        x.dreg,
        realms === null ? unknownBytes(4) : e.table.host.swap(realms.toString(16).padStart(8, '0')),
      );
      return 'next';
    }
    default:
      e.unread.add(`rt ${x.key}`);
      e.registers.store(x.dreg, unknownBytes(x.key === 'xfrm' ? 1 : 4));
      return 'next';
  }
}
