/** Every cause and the finding that it makes. A cause without one does not compile. */
import type { EvaluatedBranch } from '../evaluate.ts';
import type { Budget } from '../walk/budget.ts';
import type { Cause } from '../walk/stop.ts';
import { natClash, staleEntry } from './conntrack.ts';
import * as filter from './filter.ts';
import type { Derived, Patched, Situation } from './finding.ts';
import * as kernel from './kernel.ts';
import * as link from './link.ts';
import { tooBig } from './mtu.ts';
import { neighbour } from './neighbour.ts';
import * as nft from './nft.ts';
import * as other from './other.ts';
import * as outside from './outside.ts';
import { toEverybody } from './refusals.ts';
import * as route from './route.ts';
import { noListener, queueFull } from './socket.ts';
import * as tunnel from './tunnel.ts';

type Derivers = { readonly [K in Cause['kind']]: (situation: Situation<K>) => Derived };

export const DERIVERS: Derivers = {
  'rule-drop': filter.ruleDrop,
  'rule-reject': filter.ruleDrop,
  'policy-drop': filter.policyDrop,
  'nft-drop': nft.ruleDrop,
  'nft-policy-drop': nft.policyDrop,
  'nft-reject': nft.ruleDrop,
  'link-down': link.linkDown,
  'bridge-port-blocked': link.bridgePortBlocked,
  'hairpin-off': link.hairpinOff,
  'no-route': route.noRoute,
  'route-error': route.noRoute,
  'looped-back': route.noRoute,
  'ttl-expired': route.loop,
  loop: route.loop,
  'forwarding-off': kernel.forwardingOff,
  'rp-filter': kernel.rpFilter,
  martian: kernel.martian,
  'to-everybody': toEverybody,
  'echo-ignored': kernel.echoIgnored,
  'nat-clash': natClash,
  'too-big': tooBig,
  neighbour,
  'frame-lost': neighbour,
  'fdb-missing': tunnel.fdbMissing,
  'vtep-unreachable': tunnel.vtepUnreachable,
  'vni-unknown': tunnel.vniUnknown,
  'tunnel-checksum': tunnel.wrongChecksum,
  'not-for-us': tunnel.notForUs,
  'no-listener': noListener,
  'queue-full': queueFull,
  'outside-no-route': outside.outsideNoRoute,
  'reply-mismatch': outside.replyMismatch,
  'nat-no-source': other.natNoSource,
  'node-unavailable': other.nodeUnavailable,
  need: other.need,
  unknown: other.unknown,
};

/** @param budget what a remedy may cost that has to try sizes */
export function derive(at: Patched, evaluated: EvaluatedBranch, budget: Budget): Derived | null {
  const { branch } = evaluated;
  const last = evaluated.stop;
  if (!last) return null;
  // What loses the question for a neighbour is to blame, not the neighbour.
  const stop = last.cause.kind === 'neighbour' && last.cause.lost ? last.cause.lost : last;
  const derive = DERIVERS[stop.cause.kind] as (situation: Situation) => Derived;
  const situation: Situation = {
    ...at,
    budget,
    stop,
    cause: stop.cause,
    branch,
    ns: stop.place === null ? undefined : at.world.namespaces.get(stop.place),
  };
  const derived = staleEntry(situation) ?? derive(situation);
  return stop === last || derived.at || !situation.ns ? derived : { ...derived, at: situation.ns };
}
