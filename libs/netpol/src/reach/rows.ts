/**
 * What each set of policies lets in and out: one row for all classes that the same policies are about. Most of what policies say is
 * about their own namespace, or the same for many namespaces: a row keeps its own part, and shares the other.
 */
import type { Cluster } from '../cluster.ts';
import type { Direction } from '../evaluate/answer.ts';
import { portsOf } from '../matrix/connections.ts';
import type { NetworkPolicy, Peer, Rule } from '../policy.ts';
import type { Classes } from './classes.ts';
import { ALL, type InternedPorts } from './interned-ports.ts';
import { type Layer, overlaid, type Pieces, pieceAt, within } from './pieces.ts';
import { type Ranges, rangesOf } from './ranges.ts';
import { selecting } from './selecting.ts';
import { type Terms, termsOf } from './terms.ts';

export interface Row {
  /** The classes of the policies' namespace: there `own` holds, elsewhere the shared part. */
  readonly from: number;
  readonly to: number;
  readonly own: Pieces;
  /** Which of the shared parts. */
  readonly shared: number;
}

export interface RowsOfDirection {
  /** By class, which row. */
  readonly of: Int32Array;
  readonly rows: readonly Row[];
  readonly shared: readonly Pieces[];
}
export type Rows = Readonly<Record<Direction, RowsOfDirection>>;

/** What a class of the row exchanges with another class. */
export const portsAt = ({ rows, shared }: RowsOfDirection, row: number, at: number): number => {
  const { from, to, own, shared: other } = rows[row] as Row;
  return pieceAt(from <= at && at < to ? own : (shared[other] as Pieces), at);
};

export function rowsOf(cluster: Cluster, classes: Classes, ports: InternedPorts): Rows {
  const terms = termsOf(cluster, classes);
  const numbers = new Map(cluster.policies.map((policy, i) => [policy, i]));
  const byNamespace = Map.groupBy(cluster.policies, (policy) => policy.namespace);
  return { egress: inDirection('egress'), ingress: inDirection('ingress') };

  function inDirection(direction: Direction): RowsOfDirection {
    const of = new Int32Array(classes.classes.length);
    // Row 0: not isolated.
    const shared: Pieces[] = [overlaid([{ ranges: terms.all, ports: ALL }], ports)];
    const sharedAt = new Map<string, number>();
    const rows: Row[] = [{ from: 0, to: 0, own: [], shared: 0 }];
    const known = new Map<string, number>();
    classes.namespaces.forEach((name, n) => {
      const policies = (byNamespace.get(name) ?? []).filter((policy) => policy[direction] !== null);
      if (policies.length === 0) return;
      const onPod = selecting(policies);
      const [from, to] = [classes.firstOf[n] as number, classes.firstOf[n + 1] as number];
      for (let c = from; c < to; c++) {
        const isolating = onPod(classes.classes[c]?.pod.labels ?? NONE);
        if (isolating.length === 0) continue;
        const key = isolating.map((policy) => numbers.get(policy)).join();
        // A named port is the destination's: on ingress that is the pod whose row it is.
        const own = direction === 'ingress' && isolating.some((p) => hasNamedPort(p.ingress)) ? `${key}/${c}` : key;
        let row = known.get(own);
        if (row === undefined) {
          row = rows.push(rowOf(isolating, direction, { c, from, to }, shared, sharedAt)) - 1;
          known.set(own, row);
        }
        of[c] = row;
      }
    });
    return { of, rows, shared };
  }

  function rowOf(
    policies: readonly NetworkPolicy[],
    direction: Direction,
    { c, from, to }: { readonly c: number; readonly from: number; readonly to: number },
    shared: Pieces[],
    sharedAt: Map<string, number>,
  ): Row {
    const local: Layer[] = [];
    const others: (Layer & { readonly key: string })[] = [];
    for (const policy of policies)
      for (const rule of policy[direction] ?? []) {
        for (const peer of rule.peers ?? [null]) {
          const { ranges, key, isOwn } =
            peer === null ? { ...EVERYBODY, ranges: terms.all } : meant(terms, peer, policy.namespace);
          for (const layer of layersOf(rule, ranges, direction, c))
            if (isOwn) local.push(layer);
            else others.push({ ...layer, key: `${key} ${layer.ports}` });
        }
      }
    const key = [...new Set(others.map((layer) => layer.key))].sort().join('\n');
    let at = sharedAt.get(key);
    if (at === undefined) {
      at = shared.push(overlaid(others, ports)) - 1;
      sharedAt.set(key, at);
    }
    const below = within(shared[at] as Pieces, from, to).map((piece) => ({
      ranges: [piece.from, piece.to],
      ports: piece.ports,
    }));
    return { from, to, own: overlaid([...local, ...below], ports), shared: at };
  }

  function layersOf(rule: Rule, ranges: Ranges, direction: Direction, own: number): Layer[] {
    if (direction === 'egress' && hasNamedPort([rule])) return namedOnEgress(rule, ranges);
    const pod = classes.classes[own]?.pod;
    return pod ? [{ ranges, ports: ports.number(portsOf(rule.ports, { kind: 'pod', pod })) }] : [];
  }

  /** On egress each destination has its own meaning of the name. */
  function namedOnEgress(rule: Rule, ranges: Ranges): Layer[] {
    const byPorts = new Map<number, number[]>();
    for (let i = 0; i < ranges.length; i += 2)
      for (let c = ranges[i] as number; c < (ranges[i + 1] as number); c++) {
        const pod = classes.classes[c]?.pod;
        const set = pod ? ports.number(portsOf(rule.ports, { kind: 'pod', pod })) : 0;
        const there = byPorts.get(set);
        if (there) there.push(c);
        else byPorts.set(set, [c]);
      }
    return [...byPorts].map(([set, members]) => ({ ranges: rangesOf(members), ports: set }));
  }
}

const NONE: ReadonlyMap<string, string> = new Map();
const EVERYBODY = { key: 'everybody', isOwn: false } as const;

function meant(terms: Terms, peer: Peer, namespace: string) {
  const { ranges, key } = terms.of(peer, namespace);
  return { ranges, key, isOwn: peer.kind === 'pods' && peer.namespaces === null };
}

const hasNamedPort = (rules: readonly Rule[] | null): boolean =>
  rules?.some((rule) => rule.ports?.some((port) => port.kind === 'named')) ?? false;
