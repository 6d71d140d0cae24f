/** May the packet have come from where it says? rp_filter and martian sources (fib_validate_source in net/ipv4/fib_frontend.c). */
import { formatIp, type Link } from '@netverdict/linux-net';
import type { Evidence } from '@netverdict/verdict';
import type { Packet } from '../packet/packet.ts';
import type { Missing } from '../walk/choices.ts';
import type { Walk } from '../walk/walk.ts';
import { maxConf, missingSection, sysctl, unreadSysctls } from '../world/facts.ts';
import type { WorldNamespace } from '../world/world.ts';
import { hasRealms } from './realms.ts';
import { type ReversePath, reversePath } from './reverse-path.ts';
import { areDefault, inOrder } from './rules.ts';

/** What the loose check says of what was refused: it too wants a way back, and an address on the device where the way back is another. */
export type Loosely = 'passes' | 'no-way-back' | 'no-address';

export type SourceRefusal =
  | { readonly kind: 'own'; readonly evidence: readonly Evidence[] }
  | { readonly kind: 'not-a-host'; readonly evidence: readonly Evidence[] }
  | {
      readonly kind: 'rp-filter';
      readonly mode: number;
      readonly sysctl: string;
      readonly expected: string | null;
      readonly loosely: Loosely;
      readonly evidence: readonly Evidence[];
    }
  | { readonly kind: 'unknown'; readonly missing: Missing }
  /** A sysctl was not read, and the packet is taken as refused by it. */
  | { readonly kind: 'lost'; readonly missing: Missing };

/** `out`: the device that it will leave by; null where it stays. */
export function refusedSource(
  walk: Walk,
  ns: WorldNamespace,
  iif: Link,
  packet: Packet,
  out: Link | null,
): SourceRefusal | null {
  const unread = unreadSysctls(ns);
  const rpFilter = maxConf(ns, iif, 'rp_filter');
  const own = ns.net.own.has(packet.source);
  const mayBeOwn = (maxConf(ns, iif, 'accept_local') ?? 0) > 0;
  const acceptLocal = own ? walk.sees('sysctl/accept_local', mayBeOwn) : mayBeOwn;
  if (rpFilter === 0 && !redirects(ns, iif, out) && !hasRealms(ns)) {
    if (acceptLocal) return null;
    if (!routesOfItsOwn(ns)) return own ? { kind: 'own', evidence: [] } : null;
  }
  const useMark = (maxConf(ns, iif, 'src_valid_mark') ?? 0) > 0;
  const path = reversePath(walk, ns, iif, packet, {
    useMark: packet.mark === 0 ? useMark : walk.sees('sysctl/src_valid_mark', useMark),
    acceptLocal,
    ...(out ? { leavesBy: out.name } : {}),
  });
  // accept_local and src_valid_mark decide these two.
  if (unread && (path.kind === 'local' || packet.mark !== 0))
    return { kind: 'unknown', missing: missingSection(ns, unread.part, unread.kind) };
  switch (path.kind) {
    case 'unknown':
      return path;
    case 'same-device':
      return null;
    case 'local':
      return { kind: 'own', evidence: path.evidence };
    case 'not-a-host':
      return { kind: 'not-a-host', evidence: path.evidence };
    case 'none':
    case 'other-device':
      return filtered(walk, ns, iif, packet, path, rpFilter);
  }
}

/** What rp_filter asks beyond: strictly the same device, loosely any way back at all. */
function filtered(
  walk: Walk,
  ns: WorldNamespace,
  iif: Link,
  packet: Packet,
  path: Extract<ReversePath, { kind: 'none' | 'other-device' }>,
  rpFilter: number | undefined,
): SourceRefusal | null {
  const ownPath = (): string => `net/ipv4/conf/${iif.name}/rp_filter`;
  const allPath = 'net/ipv4/conf/all/rp_filter';
  if (rpFilter === undefined) {
    const from = formatIp(packet.source);
    const missing = missingSection(ns, ns.net.state.sysctls, 'sysctl');
    const passes = walk.ask(ns, `rp_filter on ${iif.name} lets ${from} in`, missing, `${ns.key} ${ownPath()} ${from}`);
    return passes ? null : { kind: 'lost', missing };
  }
  const noAddress = !ns.net.addressesOn(iif.ifindex).some((a) => typeof a.address === 'number');
  const fails = rpFilter === 1 || (rpFilter >= 2 && (path.kind === 'none' || noAddress));
  if (walk.sees('sysctl/rp_filter', !fails)) return null;
  return {
    kind: 'rp-filter',
    mode: rpFilter,
    sysctl: sysctl(ns, allPath) === rpFilter && rpFilter > 0 ? allPath : ownPath(),
    expected: path.kind === 'other-device' ? (path.dev?.name ?? null) : null,
    loosely: path.kind === 'none' ? 'no-way-back' : noAddress ? 'no-address' : 'passes',
    evidence: path.evidence,
  };
}

/** It would leave where it came in, and the sender be told of a shorter way: that asks for the whole check. */
const redirects = (ns: WorldNamespace, iif: Link, out: Link | null): boolean =>
  out?.ifindex === iif.ifindex && (maxConf(ns, iif, 'send_redirects', 1) ?? 1) > 0;

/** Without rp_filter the host's own addresses are all that is refused, unless rules or routes of type local that somebody made say more. */
function routesOfItsOwn(ns: WorldNamespace): boolean {
  const { rules4, routes4 } = ns.net.state;
  if (rules4.known && !areDefault(inOrder(rules4))) return true;
  return routes4.known && routes4.value.some((r) => r.type === 'local' && r.protocol !== 'kernel');
}
