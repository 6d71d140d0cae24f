/** Which classes a peer means. Asked once for each peer, and for its namespace where it means its own. */
import type { Cluster } from '../cluster.ts';
import { matchesPeer } from '../evaluate/match.ts';
import type { Peer } from '../policy.ts';
import { selectorKey, selects } from '../selector.ts';
import type { Classes } from './classes.ts';
import { namespaceIndex } from './namespace-index.ts';
import { joined, type Ranges, rangesOf } from './ranges.ts';

export interface Term {
  readonly ranges: Ranges;
  readonly key: string;
}

export interface Terms {
  readonly all: Ranges;
  /** `key`: peers with the same one mean the same. */
  of(peer: Peer, namespace: string): Term;
}

export function termsOf(cluster: Cluster, classes: Classes): Terms {
  const index = namespaceIndex(cluster, classes.namespaces);
  const all: Ranges = classes.classes.length === 0 ? [] : [0, classes.classes.length];
  const known = new Map<string, Term>();
  const ofNamespace = (n: number, peer: Extract<Peer, { kind: 'pods' }>): Ranges => {
    const first = classes.firstOf[n] as number;
    const end = classes.firstOf[n + 1] as number;
    if (peer.pods.requirements.length === 0) return [first, end];
    const found: number[] = [];
    for (let c = first; c < end; c++)
      if (selects(peer.pods, classes.classes[c]?.pod.labels ?? new Map())) found.push(c);
    return rangesOf(found);
  };
  const find = (peer: Peer, namespace: string): Ranges => {
    if (peer.kind !== 'pods')
      return rangesOf(
        classes.classes.flatMap(({ pod }, c) =>
          matchesPeer(cluster, peer, namespace, { kind: 'pod', pod }) === true ? [c] : [],
        ),
      );
    if (peer.namespaces === null) {
      const n = classes.namespaceAt.get(namespace);
      return n === undefined ? [] : ofNamespace(n, peer);
    }
    return joined(index.select(peer.namespaces).map((n) => ofNamespace(n, peer)));
  };
  return {
    all,
    of(peer, namespace) {
      const key =
        peer.kind === 'pods'
          ? `${peer.namespaces === null ? `own ${namespace}` : selectorKey(peer.namespaces)} / ${selectorKey(peer.pods)}`
          : JSON.stringify(peer, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value));
      let term = known.get(key);
      if (!term) {
        term = { ranges: find(peer, namespace), key };
        known.set(key, term);
      }
      return term;
    },
  };
}
