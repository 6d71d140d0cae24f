/**
 * Why rows of tests hold a meaning and not the running kernel: each reason can be looked up, or tried on the machine of the
 * recorded run. A meaning that is held by `rows` and has no reason here does not compile.
 */
import type { FEATURES } from './index.ts';

type Groups = typeof FEATURES;
type Names<G extends keyof Groups> = keyof Groups[G] & string;
type ByRows<G extends keyof Groups> = {
  [N in Names<G>]: Groups[G][N] extends 'rows' ? `${G}/${N}` : never;
}[Names<G>];
export type HeldByRows = { [G in keyof Groups]: ByRows<G> }[keyof Groups];

const NO_SUCH_PACKET = 'the prober sends TCP, UDP and echo requests, which have no such header';
const NO_SUCH_SET = 'the kernel of the recorded run refuses sets of this type ("set type not supported")';
const NOT_SHOWN = 'the packet goes on as it came: neither its fate nor what its receiver sees tells of it';
const LATER_PACKETS = 'what it does is seen by later packets only, and flows are judged each on its own';
const NO_OBJECTS = 'its values are counters, quotas and the like: a packet goes on as it came';
const A_HASH =
  'nft tells the kernel of fields only where elements have ranges: to the kernel it is a hash of the whole key';
const UNSETTLED =
  'a state of milliseconds or seconds: the judge makes it a lasting one before it reads (native/neighbours.c)';

export const WHY_ROWS: Readonly<Record<HeldByRows, string>> = {
  'answer/lost-reset':
    'a rule that rejects the answers of a socket at a device that has not its address is met once in 100,000 packets',
  'xt-match/ctexpire': 'the seconds that are left are fewer when the packet comes than when the world was read',
  'xt-match/connlabel': 'no label is collected with a connection, and one that has none matches nothing',
  'xt-match/nfacct':
    'it matches every packet; the accounting objects that a rule must name are made by a tool of their own',
  'xt-match/sctp-chunks': NO_SUCH_PACKET,
  'xt-match/ah': NO_SUCH_PACKET,
  'xt-match/esp': NO_SUCH_PACKET,
  'xt-match/ipcomp': NO_SUCH_PACKET,
  'xt-match/dccp': NO_SUCH_PACKET,
  'xt-match/frag': NO_SUCH_PACKET,
  'xt-match/hbh': NO_SUCH_PACKET,
  'xt-match/dst': NO_SUCH_PACKET,
  'xt-match/rt': NO_SUCH_PACKET,
  'xt-match/mh': NO_SUCH_PACKET,
  'xt-match/srh': NO_SUCH_PACKET,
  'xt-target/tcpmss': 'it changes an option of the handshake, which no socket shows',
  'xt-target/tee': 'the copy is not followed, and the packet itself goes on as it came',
  'xt-target/set-add': LATER_PACKETS,
  'xt-target/set-del': LATER_PACKETS,
  'xt-target/observe': NOT_SHOWN,
  'nft-expression/dynset': LATER_PACKETS,
  'nft-expression/exthdr-set': 'it changes an option of the handshake, which no socket shows',
  'nft-expression/exthdr-strip': 'it takes an option out of the handshake, which no socket shows',
  'nft-expression/counter': NOT_SHOWN,
  'nft-expression/log': NOT_SHOWN,
  'nft-expression/last': NOT_SHOWN,
  'nft-expression/dup': 'the copy is not followed, and the packet itself goes on as it came',
  'nft-expression/objref': NO_OBJECTS,
  'nft-set/hash-object-map': NO_OBJECTS,
  'nft-set/interval-object-map': NO_OBJECTS,
  'nft-set/concatenation': A_HASH,
  'nft-set/concatenation-verdict-map': A_HASH,
  'nft-set/concatenation-data-map': A_HASH,
  'nft-set/concatenation-object-map': A_HASH,
  'nft-set/concatenation-of-intervals-object-map': NO_OBJECTS,
  'ipset/hash:mac': NO_SUCH_SET,
  'ipset/hash:ip,mac': NO_SUCH_SET,
  'ipset/hash:net,net': NO_SUCH_SET,
  'ipset/hash:net,port,net': NO_SUCH_SET,
  'ipset/hash:ip,mark': NO_SUCH_SET,
  'nat/null-binding': 'a connection without a translation: turned round it is the same',
  'route-rule/dscp': 'iproute2 6.1 of the recorded run cannot make such a rule ("Failed to parse rule type")',
  'route-rule/l3mdev':
    'the kernel of the recorded run has no VRF ("Unknown device type"), and without one nothing is in its domain',
  'route-rule/nop': 'the rule does nothing, whether or not its selectors hold',
  'route/anycast':
    'a host answers from another address than the one that was asked, which the sender does not wait for',
  'neighbour/delay': UNSETTLED,
  'neighbour/probe': UNSETTLED,
  'neighbour/none': 'the kernel does not list entries in this state (ip neigh show)',
  'neighbour/incomplete': UNSETTLED,
  'link/dummy': 'the kernel of the recorded run has no such device ("Unknown device type")',
  'link/physical': 'the wire between nodes: namespaces of one machine have none between them',
  'link/macvlan-source': 'the addresses that such a macvlan hears from are not collected: it is taken to hear nothing',
  'socket/accept-queue': 'a queue that is full when the world is read need not be when the packet comes',
  'socket/receive-buffer': 'a buffer that is full when the world is read need not be when the packet comes',
};
