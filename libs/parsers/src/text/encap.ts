/** The light-weight tunnel of a route, `encap KIND …`: what follows until the route's own words (ip/iproute_lwtunnel.c of iproute2). */
import { Malformed } from '../problem.ts';
import type { WordReader } from '../words.ts';

/** Words that each kind prints, with how many behind them; a number in brackets (`segs 2 [ a b ]`) counts as its list. */
const KINDS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  ip: { id: 1, src: 1, dst: 1, ttl: 1, tos: 1, key: 0, csum: 0, seq: 0, geneve_opts: 1, vxlan_opts: 1, erspan_opts: 1 },
  ip6: { id: 1, src: 1, dst: 1, hoplimit: 1, tc: 1, key: 0, csum: 0, seq: 0, geneve_opts: 1, vxlan_opts: 1 },
  mpls: { ttl: 1 },
  seg6: { mode: 1, hmac: 1, tunsrc: 1 },
  seg6local: {
    action: 1,
    table: 1,
    vrftable: 1,
    nh4: 1,
    nh6: 1,
    iif: 1,
    oif: 1,
    srh: 0,
    endpoint: 1,
    hmac: 1,
    flavors: 1,
  },
  ioam6: { freq: 1, mode: 1, tundst: 1, trace: 0, prealloc: 0, type: 1, ns: 1, size: 1 },
  xfrm: { if_id: 1, link_dev: 1 },
  rpl: {},
  bpf: { in: 1, out: 1, xmit: 1, headroom: 1 },
  ila: { 'csum-mode': 1, 'ident-type': 1, 'hook-type': 1 },
};

export function readEncap(words: WordReader): string {
  const kind = words.value('a kind of tunnel');
  const known = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
  if (!known) throw new Malformed(`the encap "${kind}" is not understood`);
  // The labels (`100/200`) or the locator stand alone behind the kind.
  if (kind === 'mpls' || kind === 'ila') words.value('a label');
  for (let word = words.peek(); word !== undefined; word = words.peek()) {
    if (word === 'segs') readSegments(words);
    else if (Object.hasOwn(known, word)) for (let i = 0; i <= (known[word] ?? 0); i++) words.value(`what "${word}" is`);
    else break;
  }
  return kind;
}

function readSegments(words: WordReader): void {
  words.next();
  const count = words.number('a number of segments');
  if (words.value('a list') !== '[') throw new Malformed('the segments stand in brackets');
  for (let i = 0; i < count; i++) words.value('a segment');
  if (words.value('the end of the list') !== ']') throw new Malformed(`there are not ${count} segments`);
}
