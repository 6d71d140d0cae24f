/** What a host does about a packet that it did not deliver: an error, a RST, an errno for its own sender, or nothing. */
import type { Family } from '@netverdict/linux-net';
import type { Packet } from '../packet/packet.ts';
import { icmpOfRouting } from '../route/icmp-error.ts';
import type { Cause } from '../walk/stop.ts';
import {
  HOST_UNREACHABLE,
  type IcmpKind,
  IPV6_MIN_MTU,
  isRejection,
  PORT_UNREACHABLE,
  REJECTIONS,
  TOO_BIG,
} from './icmp-codes.ts';

export type Reaction =
  | { readonly do: 'icmp'; readonly icmp: IcmpKind; readonly mtuBytes?: number }
  | { readonly do: 'rst' }
  | { readonly do: 'silence' };

export interface Death {
  readonly packet: Packet;
  /** By the IP layer, not by a device or a bridge below it, which are silent. */
  readonly byIp: boolean;
}

type Reactions = { readonly [K in Cause['kind']]: (cause: Extract<Cause, { kind: K }>, death: Death) => Reaction };

const SILENCE: Reaction = { do: 'silence' };
const silence = (): Reaction => SILENCE;
const icmp = (kinds: Readonly<Record<Family, IcmpKind>>, { packet }: Death): Reaction => ({
  do: 'icmp',
  icmp: kinds[packet.family],
});

function routing(cause: Cause, { packet }: Death): Reaction {
  if ('silent' in cause && cause.silent) return SILENCE;
  const error = icmpOfRouting(cause, packet.family);
  return error ? { do: 'icmp', icmp: error } : SILENCE;
}

function rejection(name: string): Reaction {
  const kind = isRejection(name) ? REJECTIONS[name] : undefined;
  if (kind === undefined) return SILENCE;
  return kind === null ? { do: 'rst' } : { do: 'icmp', icmp: kind };
}

const REACTIONS: Reactions = {
  'rule-drop': silence,
  'policy-drop': silence,
  'rule-reject': (cause) => rejection(cause.with),
  'nft-drop': silence,
  'nft-policy-drop': silence,
  'nft-reject': (cause, { packet }) =>
    cause.with === 'tcp-reset'
      ? { do: 'rst' }
      : { do: 'icmp', icmp: { type: packet.family === 'ipv4' ? 3 : 1, code: cause.code } },
  'link-down': silence,
  'bridge-port-blocked': silence,
  'hairpin-off': silence,
  'no-route': routing,
  'route-error': routing,
  'forwarding-off': routing,
  'rp-filter': routing,
  martian: routing,
  'looped-back': silence,
  'ttl-expired': routing,
  loop: silence,
  'too-big': (cause, death) => {
    if (!death.byIp && cause.byBridge !== true) return SILENCE;
    const mtuBytes = death.packet.family === 'ipv4' ? cause.limitBytes : Math.max(cause.limitBytes, IPV6_MIN_MTU);
    return { do: 'icmp', icmp: TOO_BIG[death.packet.family], mtuBytes };
  },
  /**
   * neigh_timer_handler: arp_error_report, ndisc_error_report; not about a bridged frame for others than the host
   * (br_nf_pre_routing_finish, icmp_send).
   */
  neighbour: (_, death) =>
    death.byIp || (death.packet.frame?.cast ?? 'host') === 'host' ? icmp(HOST_UNREACHABLE, death) : SILENCE,
  'frame-lost': silence,
  'fdb-missing': silence,
  'vtep-unreachable': silence,
  'vni-unknown': silence,
  'tunnel-checksum': silence,
  'no-listener': (_, death) => (death.packet.protocol === 6 ? { do: 'rst' } : icmp(PORT_UNREACHABLE, death)),
  'queue-full': silence,
  'to-everybody': silence,
  'echo-ignored': silence,
  'nat-clash': silence,
  'not-for-us': silence,
  'outside-no-route': silence,
  'reply-mismatch': silence,
  'nat-no-source': silence,
  'node-unavailable': silence,
  need: silence,
  unknown: silence,
};

export function reactionTo(cause: Cause, death: Death): Reaction {
  const react = REACTIONS[cause.kind] as ((cause: Cause, death: Death) => Reaction) | undefined;
  return react ? react(cause, death) : SILENCE;
}

/** Rules that lose a packet which is only being sent tell its socket so (NF_DROP is EPERM). */
const LOST_BY_RULES: readonly Cause['kind'][] = [
  'nat-clash',
  'rule-drop',
  'policy-drop',
  'rule-reject',
  'nft-drop',
  'nft-policy-drop',
  'nft-reject',
  'nat-no-source',
];

/** errno of the system call that sends; null: it returns, whatever becomes of the packet. */
export function errnoFor(cause: Cause, { packet }: Death, handshake: boolean, rerouted: boolean): string | null {
  if ((cause.kind === 'no-route' || cause.kind === 'route-error') && cause.errno !== undefined)
    // connect() routes before it sends; a route that is lost afterwards loses the SYN only, which is sent again.
    return handshake && rerouted ? null : cause.errno;
  if (cause.kind === 'to-everybody') return cause.errno;
  if (handshake) return null;
  if (LOST_BY_RULES.includes(cause.kind)) return 'EPERM';
  return cause.kind === 'too-big' && packet.payload === null ? 'EMSGSIZE' : null;
}
