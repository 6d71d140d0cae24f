/** Which source or destination a new connection gets, beside what others have: seen with `conntrack -L` on Linux 6.18. */
import { ip, type NatRange } from '@netverdict/linux-net';
import { describe, expect, it } from 'vitest';
import { Conntrack, type CtEntry, type CtTuple, invert } from '../conntrack/table.ts';
import { SYN } from '../testing/packets.ts';
import { NO_RANGE, only } from './bind.ts';
import { type Manip, uniqueTuple } from './unique-tuple.ts';

const tuple = (sport: number, more: Partial<CtTuple> = {}): CtTuple => ({
  protocol: 17,
  source: ip('10.9.0.1'),
  destination: ip('10.9.0.2'),
  sport,
  dport: 95,
  icmpType: 0,
  ...more,
});

/** An entry of these packets: the first as it is before any translation, the others confirmed. */
function entry(id: number, original: CtTuple, reply: CtTuple = invert(original)): CtEntry {
  const table = new Conntrack();
  const { protocol, source, destination, sport, dport } = original;
  const packet = { ...SYN, protocol, source, destination, sport, dport };
  table.track('a', packet);
  return { ...(table.get('a', 0) as CtEntry), id, reply, confirmed: id > 0, srcDone: id > 0, dstDone: id > 0 };
}

const SNAT = only(ip('10.9.0.100'));
const translated = (id: number, original: CtTuple, port: number): CtEntry =>
  entry(id, original, invert({ ...original, source: ip('10.9.0.100'), sport: port }));

interface Case {
  readonly manip?: Manip;
  readonly current?: CtTuple;
  readonly range: Partial<NatRange>;
  readonly others?: readonly CtEntry[];
  readonly port: number;
  readonly drawn?: NatRange['ports'];
}

const OTHER = tuple(300, { source: ip('10.9.0.5') });
const cases: readonly (readonly [string, Case])[] = [
  ['a source port that nobody has is kept', { range: { addresses: SNAT }, port: 300 }],
  [
    'one below 512 that another has becomes some other below 512',
    { range: { addresses: SNAT }, others: [translated(1, OTHER, 300)], port: 1, drawn: { from: 1, to: 511 } },
  ],
  [
    'one below 1024 that another has becomes some other from 600',
    {
      current: tuple(900),
      range: { addresses: SNAT },
      others: [translated(1, { ...OTHER, sport: 900 }, 900)],
      port: 600,
      drawn: { from: 600, to: 1023 },
    },
  ],
  [
    'an ephemeral one becomes some other from 1024, even where no rule translates',
    {
      current: tuple(40000),
      range: { addresses: only(ip('10.9.0.1')) },
      others: [entry(1, OTHER, invert(tuple(40000)))],
      port: 1024,
      drawn: { from: 1024, to: 65535 },
    },
  ],
  [
    'another destination of the same source keeps the source that it got',
    {
      current: tuple(40000, { destination: ip('10.9.0.77') }),
      range: { addresses: { from: ip('10.9.0.100'), to: ip('10.9.0.101') }, ports: { from: 2000, to: 2010 } },
      others: [translated(1, tuple(40000), 2004)],
      port: 2004,
    },
  ],
  [
    'a port outside of the range is drawn out of it',
    {
      current: tuple(40000),
      range: { addresses: SNAT, ports: { from: 2000, to: 2010 } },
      port: 2000,
      drawn: { from: 2000, to: 2010 },
    },
  ],
  [
    'a range of one port is that port, whoever has it',
    { range: { addresses: SNAT, ports: { from: 7, to: 7 } }, others: [translated(1, OTHER, 7)], port: 7 },
  ],
  [
    '--random draws even where the port is free',
    { range: { addresses: SNAT, random: true }, port: 1, drawn: { from: 1, to: 511 } },
  ],
  [
    'a destination port in the range is kept',
    { manip: 'dst', range: { addresses: SNAT, ports: { from: 90, to: 99 } }, port: 95 },
  ],
  [
    'another becomes the first',
    { manip: 'dst', range: { addresses: SNAT, ports: { from: 5000, to: 5010 } }, port: 5000 },
  ],
  [
    'and the next where the first would give two connections one tuple',
    {
      manip: 'dst',
      range: { addresses: only(ip('10.9.0.2')), ports: { from: 5000, to: 5010 } },
      others: [entry(1, tuple(300, { destination: ip('10.9.0.77') }), invert(tuple(300, { dport: 5000 })))],
      port: 5001,
    },
  ],
  ['a destination port without a range never changes', { manip: 'dst', range: { addresses: SNAT }, port: 95 }],
];

describe('the port', () => {
  it.each(cases)('%s', (_, { manip = 'src', current = tuple(300), range, others = [], port, drawn = null }) => {
    const found = uniqueTuple(current, { ...NO_RANGE, ...range }, manip, entry(0, current), others);
    expect([manip === 'src' ? found.tuple.sport : found.tuple.dport, found.drawn]).toEqual([port, drawn]);
  });
});
