/** Every kind of expression: a packet that it lets on, one that it does not, and what it does not know. */
import { ifIndex, type NftExpr, type NftSet } from '@netverdict/linux-net';
import { describe, expect, it } from 'vitest';
import { NO_DEVICES } from '../../netfilter/context.ts';
import type { Packet } from '../../packet/packet.ts';
import { cluster } from '../../testing/cluster.ts';
import { A1, flow, HOST1 } from '../../testing/flows.ts';
import { SYN } from '../../testing/packets.ts';
import { Walk } from '../../walk/walk.ts';
import type { WorldNamespace } from '../../world/world.ts';
import { walkBase } from '../chain.ts';
import { compileNft } from '../compile.ts';
import type { NftContext } from '../context.ts';

type Of<K extends NftExpr['kind']> = Extract<NftExpr, { kind: K }>;
type Answer = 'met' | 'not met' | 'asked';
type Row = readonly [what: string, expressions: readonly NftExpr[], answer: Answer, change?: Partial<Packet>];

const PACKET: Packet = { ...SYN, dontFragment: true, mark: 0x1234 };

const SETS: readonly Partial<NftSet>[] = [
  { name: 'addresses', keyBytes: 4, fieldBytes: [4], elements: [element('0af40202')] },
  {
    name: 'ports',
    interval: true,
    keyBytes: 2,
    fieldBytes: [2],
    elements: [element('0050'), { ...element('0064'), intervalEnd: true }],
  },
  {
    name: 'services',
    map: 'verdict',
    keyBytes: 8,
    fieldBytes: [4, 2],
    elements: [{ ...element('0af4020200500000'), data: { kind: 'verdict', verdict: { code: 'drop' } } }],
  },
  {
    name: 'ranges',
    interval: true,
    keyBytes: 8,
    fieldBytes: [4, 2],
    elements: [{ ...element('0af4000000500000'), keyEnd: '0af4ffff00500000' }],
  },
  { name: 'seen', dynamic: true, keyBytes: 4, fieldBytes: [4], elements: [] },
];

function element(key: string): NftSet['elements'][number] {
  return { key, keyEnd: null, intervalEnd: false, data: null, timeoutMs: null, expiresMs: null, expressions: [] };
}

const MARK: NftExpr = { kind: 'meta-set', key: 'mark', sreg: 15 };
const daddr: NftExpr = { kind: 'payload', base: 'network', offset: 16, length: 4, dreg: 0 };
const dport: NftExpr = { kind: 'payload', base: 'transport', offset: 2, length: 2, dreg: 1 };
const seq: NftExpr = { kind: 'payload', base: 'transport', offset: 4, length: 4, dreg: 0 };
const is = (data: string, op: Of<'cmp'>['op'] = 'eq', sreg = 0): NftExpr => ({ kind: 'cmp', op, sreg, data });
const lookup = (set: string, more: Partial<Of<'lookup'>> = {}): NftExpr => ({
  kind: 'lookup',
  set,
  sreg: 0,
  dreg: null,
  verdict: false,
  invert: false,
  ...more,
});
const meta = (key: string): NftExpr => ({ kind: 'meta', key, dreg: 0 });
const ct = (key: string, direction: Of<'ct'>['direction'] = null): NftExpr => ({ kind: 'ct', key, direction, dreg: 0 });
const bitwise = (op: Of<'bitwise'>['op'], more: Partial<Of<'bitwise'>>): NftExpr => ({
  kind: 'bitwise',
  op,
  sreg: 0,
  dreg: 0,
  length: 4,
  mask: null,
  xor: null,
  data: null,
  sreg2: null,
  ...more,
});
const exthdr = (op: string, present: boolean): NftExpr => ({
  kind: 'exthdr',
  op,
  type: 2,
  offset: 0,
  length: 1,
  present,
  dreg: 0,
});
const nat = (more: Partial<Of<'nat'>>): readonly NftExpr[] => [
  { kind: 'immediate', dreg: 0, data: '0a000001' },
  {
    kind: 'nat',
    type: 'dnat',
    family: 'ip',
    addressMin: 0,
    addressMax: null,
    portMin: null,
    portMax: null,
    flags: [],
    ...more,
  },
];
const quota = (consumed: number, invert: boolean): NftExpr => ({ kind: 'quota', bytes: 100, consumed, invert });
const dynset = (op: Of<'dynset'>['op'], invert = false): NftExpr => ({
  kind: 'dynset',
  set: 'seen',
  op,
  sregKey: 0,
  sregData: null,
  timeoutMs: null,
  invert,
  expressions: [],
});
const udp = { protocol: 17, tcpFlags: 0 };

/** What the kinds do that have no answer of their own shows in the verdict that follows, or in the packet. */
const ROWS: { readonly [K in NftExpr['kind']]: readonly Row[] } = {
  payload: [
    ['of the destination', [daddr, is('0af40202')], 'met'],
    ['of another', [daddr, is('0af40203')], 'not met'],
    ['of bytes that the packet does not have', [{ ...daddr, offset: 60 } as NftExpr, is('00', 'neq')], 'not met'],
    ['of bytes that are not modelled', [seq, is('00000001')], 'asked'],
    ['of a header that is not there yet', [{ ...daddr, base: 'link', offset: 0 } as NftExpr], 'not met'],
  ],
  'payload-set': [
    [
      'of the TTL',
      [
        { kind: 'immediate', dreg: 0, data: '05' },
        { kind: 'payload-set', base: 'network', offset: 8, length: 1, sreg: 0, checksum: null, pseudoHeader: false },
      ],
      'met',
      { ttl: 5 },
    ],
    [
      'of a port',
      [
        { kind: 'immediate', dreg: 0, data: '1f90' },
        { kind: 'payload-set', base: 'transport', offset: 2, length: 2, sreg: 0, checksum: null, pseudoHeader: true },
      ],
      'met',
      { dport: 8080 },
    ],
    [
      'of the sequence number',
      [{ kind: 'payload-set', base: 'transport', offset: 4, length: 4, sreg: 0, checksum: null, pseudoHeader: false }],
      'asked',
    ],
  ],
  meta: [
    ['of the mark, as the host keeps it', [meta('mark'), is('34120000')], 'met'],
    ['of the protocol', [meta('l4proto'), is('11')], 'not met'],
    ['of the processor', [meta('cpu'), is('00000000')], 'asked'],
  ],
  'meta-set': [
    ['of the mark', [{ kind: 'immediate', dreg: 15, data: '05000000' }, MARK], 'met', { mark: 5 }],
    ['of the packet’s type', [{ kind: 'meta-set', key: 'pkttype', sreg: 0 }], 'asked'],
  ],
  ct: [
    ['of the state', [ct('state'), is('08000000')], 'met'],
    ['of another state', [ct('state'), is('02000000')], 'not met'],
    ['of the helper', [ct('helper')], 'not met'],
    ['of the original destination', [ct('dst', 'original'), is('0af40202')], 'met'],
    ['of how many packets it has sent, this one among them', [ct('pkts', 'original'), is('0100000000000000')], 'met'],
    ['of how many bytes it has sent in vain', [ct('bytes', 'reply'), is('0100000000000000')], 'not met'],
  ],
  'ct-set': [
    [
      'of the mark, which is then there',
      [
        { kind: 'immediate', dreg: 0, data: '07000000' },
        { kind: 'ct-set', key: 'mark', direction: null, sreg: 0 },
        ct('mark'),
        is('07000000'),
      ],
      'met',
    ],
    ['of what is not known', [{ kind: 'ct-set', key: 'helper', direction: null, sreg: 0 }], 'asked'],
  ],
  cmp: [
    ['less', [daddr, is('0af40203', 'lt')], 'met'],
    ['greater or equal', [daddr, is('0af40203', 'gte')], 'not met'],
    ['unknown bytes', [seq, is('00000001', 'lt')], 'asked'],
    ['unknown bytes that do not decide', [seq, is('00000000', 'gte')], 'met'],
  ],
  range: [
    ['within', [daddr, { kind: 'range', op: 'eq', sreg: 0, from: '0af40000', to: '0af40202' }], 'met'],
    ['outside', [daddr, { kind: 'range', op: 'eq', sreg: 0, from: '0af40203', to: '0af40300' }], 'not met'],
    ['not within', [daddr, { kind: 'range', op: 'neq', sreg: 0, from: '0af40203', to: '0af40300' }], 'met'],
    ['unknown', [seq, { kind: 'range', op: 'eq', sreg: 0, from: '00000001', to: '00000002' }], 'asked'],
  ],
  bitwise: [
    ['masks', [daddr, bitwise('mask-xor', { mask: 'ffff0000', xor: '00000000' }), is('0af40000')], 'met'],
    ['shifts', [meta('mark'), bitwise('lshift', { data: '04000000' }), is('40230100')], 'met'],
    ['shifts the other way', [meta('mark'), bitwise('rshift', { data: '04000000' }), is('34120000')], 'not met'],
    [
      'makes unknown bytes known',
      [seq, bitwise('mask-xor', { mask: '00000000', xor: '00000001' }), is('00000001')],
      'met',
    ],
    [
      'leaves others unknown',
      [seq, bitwise('mask-xor', { mask: '0000ffff', xor: '00000000' }), is('00000001')],
      'asked',
    ],
  ],
  byteorder: [
    [
      'turns',
      [meta('mark'), { kind: 'byteorder', op: 'hton', sreg: 0, dreg: 0, length: 4, size: 4 }, is('00001234')],
      'met',
    ],
    [
      'turns halves',
      [meta('mark'), { kind: 'byteorder', op: 'hton', sreg: 0, dreg: 0, length: 4, size: 2 }, is('00001234')],
      'not met',
    ],
  ],
  immediate: [['loads', [{ kind: 'immediate', dreg: 0, data: 'ab' }, is('ab')], 'met']],
  verdict: [
    ['goes on', [{ kind: 'verdict', verdict: { code: 'continue' } }], 'met'],
    ['breaks', [{ kind: 'verdict', verdict: { code: 'break' } }], 'not met'],
    ['of a queue', [{ kind: 'verdict', verdict: { code: 'queue' } }], 'asked'],
  ],
  lookup: [
    ['of a member', [daddr, lookup('addresses')], 'met'],
    ['of a member, inverted', [daddr, lookup('addresses', { invert: true })], 'not met'],
    ['of an interval', [dport, lookup('ports', { sreg: 1 })], 'met'],
    ['behind an interval', [{ kind: 'immediate', dreg: 0, data: '0064' }, lookup('ports')], 'not met'],
    ['of a concatenation with ranges', [daddr, dport, lookup('ranges')], 'met'],
    ['of what is not known', [seq, lookup('addresses')], 'asked'],
    [
      'of what is not known and cannot be there',
      [seq, { kind: 'immediate', dreg: 1, data: '0051' }, lookup('ranges')],
      'not met',
    ],
    ['of a set that was not read', [daddr, lookup('elsewhere')], 'asked'],
  ],
  dynset: [
    ['adds', [daddr, dynset('add'), lookup('seen')], 'met'],
    ['adds, inverted', [daddr, dynset('add', true)], 'not met'],
    ['takes away what is not there', [daddr, dynset('delete')], 'met'],
    ['of an unknown key', [seq, dynset('add')], 'asked'],
  ],
  fib: [
    [
      'of an address of the host',
      [
        { kind: 'immediate', dreg: 5, data: '00' },
        { kind: 'fib', result: 'addrtype', flags: ['saddr'], dreg: 0 },
        is('01000000'),
      ],
      'met',
    ],
    [
      'of the device back',
      [{ kind: 'fib', result: 'oifname', flags: ['daddr'], dreg: 0 }, is('636e693000')],
      'not met',
    ],
  ],
  rt: [
    ['of the next hop', [{ kind: 'rt', key: 'nexthop4', dreg: 0 }, is('0af40202')], 'met'],
    ['of the other family', [{ kind: 'rt', key: 'nexthop6', dreg: 0 }], 'not met'],
    ['of no realm', [{ kind: 'rt', key: 'classid', dreg: 0 }, is('00000000')], 'met'],
    ['of another realm', [{ kind: 'rt', key: 'classid', dreg: 0 }, is('01000000')], 'not met'],
  ],
  socket: [['of the sender', [{ kind: 'socket', key: 'transparent', level: null, dreg: 0 }, is('01')], 'asked']],
  numgen: [
    ['of one', [{ kind: 'numgen', type: 'random', modulus: 1, offset: 3, dreg: 0 }, is('03000000')], 'met'],
    [
      'of another',
      [{ kind: 'numgen', type: 'incremental', modulus: 1, offset: 3, dreg: 0 }, is('00000000')],
      'not met',
    ],
  ],
  hash: [
    [
      'with its seed',
      [
        daddr,
        { kind: 'hash', type: 'jenkins', sreg: 0, length: 4, modulus: 1, seed: 1, offset: 2, dreg: 0 },
        is('02000000'),
      ],
      'met',
    ],
    [
      'of something else',
      [
        daddr,
        { kind: 'hash', type: 'jenkins', sreg: 0, length: 4, modulus: 1, seed: 1, offset: 2, dreg: 0 },
        is('03000000'),
      ],
      'not met',
    ],
  ],
  exthdr: [
    ['that is missing', [exthdr('ipv6', true), is('00')], 'met'],
    ['that is read', [exthdr('ipv4', false)], 'not met'],
    ['of TCP', [exthdr('tcpopt', true), is('01')], 'asked'],
  ],
  'exthdr-set': [
    ['of TCP', [{ kind: 'exthdr-set', op: 'tcpopt', type: 2, offset: 2, length: 2, sreg: 0 }], 'met'],
    ['of UDP', [{ kind: 'exthdr-set', op: 'tcpopt', type: 2, offset: 2, length: 2, sreg: 0 }], 'not met', udp],
  ],
  'exthdr-strip': [
    ['of TCP', [{ kind: 'exthdr-strip', op: 'tcpopt', type: 2 }], 'met'],
    ['of UDP', [{ kind: 'exthdr-strip', op: 'tcpopt', type: 2 }], 'not met', udp],
  ],
  counter: [['goes on', [{ kind: 'counter', packets: 0, bytes: 0 }], 'met']],
  log: [
    [
      'goes on',
      [{ kind: 'log', prefix: null, level: 4, group: null, snaplen: null, queueThreshold: null, flags: [] }],
      'met',
    ],
  ],
  last: [['goes on', [{ kind: 'last', millisecondsAgo: null }], 'met']],
  limit: [
    ['is not known', [{ kind: 'limit', type: 'packets', rate: 1, unitSeconds: 1, burst: 1, invert: false }], 'asked'],
  ],
  quota: [
    ['that is left', [quota(0, false)], 'met'],
    ['that is used up', [quota(100, false)], 'not met'],
    ['over it', [quota(40, true)], 'met'],
  ],
  connlimit: [['is not known', [{ kind: 'connlimit', count: 1, invert: false }], 'asked']],
  reject: [['ends it', [{ kind: 'reject', type: 'icmpx', code: 1 }], 'not met']],
  nat: [
    ['of the other family goes on', nat({ family: 'ip6' }), 'met'],
    ['by an offset', nat({ flags: ['offset'] }), 'asked'],
  ],
  masq: [['by an unknown port', [seq, { kind: 'masq', portMin: 0, portMax: null, flags: [] }], 'asked']],
  redir: [['by an unknown port', [seq, { kind: 'redir', portMin: 0, portMax: null, flags: [] }], 'asked']],
  tproxy: [
    ['of the other family', [{ kind: 'tproxy', family: 'ip6', address: null, port: null }], 'not met'],
    ['to an unknown port', [seq, { kind: 'tproxy', family: 'ip', address: null, port: 0 }], 'asked'],
  ],
  notrack: [['of what is tracked', [{ kind: 'notrack' }, ct('state'), is('08000000')], 'met']],
  queue: [['is not known', [{ kind: 'queue', from: 0, to: 0, bypass: false, fanout: false, sreg: null }], 'asked']],
  dup: [['goes on', [{ kind: 'dup', address: 0, device: null }], 'met']],
  fwd: [['is not followed', [{ kind: 'fwd', address: null, device: 0 }], 'asked']],
  'flow-offload': [['of a new connection', [{ kind: 'flow-offload', table: 'f' }], 'not met']],
  synproxy: [
    ['of TCP', [{ kind: 'synproxy', mss: 1460, wscale: 7, flags: [] }], 'asked'],
    ['of UDP', [{ kind: 'synproxy', mss: 1460, wscale: 7, flags: [] }], 'not met', udp],
  ],
  objref: [
    ['of a counter', [{ kind: 'objref', type: 1, name: 'n', set: null, sreg: null }], 'met'],
    ['of a map without the key', [daddr, { kind: 'objref', type: 1, name: null, set: 'seen', sreg: 0 }], 'not met'],
    ['of a limit', [{ kind: 'objref', type: 4, name: 'n', set: null, sreg: null }], 'asked'],
  ],
  xt: [['is not known', [{ kind: 'xt', what: 'match', name: 'string', revision: 0 }], 'asked']],
  unsupported: [['is not known', [{ kind: 'unsupported', name: 'osf', text: '' }], 'asked']],
};

/** The expressions and a verdict behind them that tells whether it was come to. */
function answerOf(expressions: readonly NftExpr[], sent: Packet): { answer: Answer; packet: Packet | null } {
  const world = cluster();
  const ns = world.namespaces.get(HOST1) as WorldNamespace;
  const walk = new Walk(world, flow(A1, '10.244.2.2:80'), []);
  const nft = compileNft(
    {
      tables: [
        {
          family: 'inet',
          name: 't',
          dormant: false,
          sets: SETS.map((set) => ({
            name: '',
            handle: 1,
            anonymous: false,
            constant: false,
            interval: false,
            dynamic: false,
            map: 'none',
            keyBytes: 4,
            fieldBytes: [4],
            dataBytes: 0,
            elements: [],
            ...set,
          })),
          objects: [],
          chains: [
            {
              name: 'c',
              handle: 1,
              base: { type: 'filter', hook: 'output', priority: 0, policy: 'drop', devices: [] },
              rules: [
                {
                  handle: 2,
                  position: 1,
                  expressions: [...expressions, { kind: 'verdict', verdict: { code: 'accept' } }],
                  comment: null,
                  evidence: { line: 1, text: '' },
                },
              ],
              evidence: { line: 1, text: '' },
            },
          ],
        },
      ],
    },
    null,
  );
  const context: NftContext = {
    ...NO_DEVICES,
    oif: ns.net.linkByIndex.get(ifIndex(2)) ?? null,
    walk,
    ns,
    hook: 'output',
    layer: 'ip',
    packet: { ...sent, ct: walk.conntrack.track(ns.key, sent) },
  };
  const [base] = nft.bases;
  if (!base) throw new Error('no base chain');
  const result = walkBase(base, context);
  const asked = walk.choices.points.some((p) => p.what === 'unknown') || result.kind === 'unknown';
  const met = walk.rulesMet.some((r) => r.rule === 1) && result.kind === 'accept';
  return { answer: asked ? 'asked' : met ? 'met' : 'not met', packet: result.kind === 'accept' ? result.packet : null };
}

describe.each(Object.keys(ROWS) as NftExpr['kind'][])('%s', (kind) => {
  const rows = ROWS[kind].map(([what, expressions, answer, change]) => ({ what, expressions, answer, change }));
  it.each(rows)('$what', ({ expressions, answer, change }) => {
    const result = answerOf(expressions, change === udp ? { ...PACKET, ...udp } : PACKET);
    expect(result.answer).toBe(answer);
    if (change && change !== udp) expect(result.packet).toMatchObject(change);
  });
});
