/** JSON Schema of a live probe (libs/verdict owns the type). */
import Type from 'typebox';
import { nullable, oneOf, ref } from './verdict-schemas.ts';

export const ProbedTargetSchema = Type.Object(
  {
    kind: oneOf('asked', 'backend'),
    label: Type.String({ examples: ['shop/payments-7c9-a1'] }),
    protocol: oneOf('tcp', 'udp', 'icmp'),
    address: Type.String(),
    port: nullable(Type.Integer()),
    attempts: Type.Integer(),
    succeeded: Type.Integer(),
    loss: Type.Number({ minimum: 0, maximum: 1 }),
    rttMs: nullable(
      Type.Object(
        { min: Type.Number(), p50: Type.Number(), p90: Type.Number(), p99: Type.Number(), max: Type.Number() },
        { description: 'of the answered attempts' },
      ),
    ),
    outcomes: Type.Record(Type.String(), Type.Integer(), {
      description:
        'how many attempts were connected, answered, refused, unreachable, too-big, silent, reset, not-acknowledged (the connection stood, data over it was lost), error',
    }),
    icmp: Type.Array(
      Type.Object({
        type: Type.Integer(),
        code: Type.Integer(),
        info: Type.Integer({ description: 'the MTU of a fragmentation-needed' }),
        from: Type.String(),
        count: Type.Integer(),
      }),
      { description: 'ICMP errors that came back, and from whom' },
    ),
    simulated: Type.Object({ outcomes: Type.Array(Type.String()), dispositions: Type.Array(Type.String()) }),
    agrees: nullable(Type.Boolean({ description: 'null: the two cannot be compared, see note' })),
    note: nullable(ref('Text')),
    parting: nullable(
      Type.Object(
        {
          place: Type.String({ examples: ['node-2/host'] }),
          direction: oneOf('forward', 'reply'),
          simulated: ref('Text'),
          seen: ref('Text'),
        },
        { description: 'the hop where simulation and packets part ways' },
      ),
    ),
    seen: Type.Array(
      Type.Object({
        place: Type.String(),
        direction: oneOf('forward', 'reply'),
        point: oneOf('sent', 'received', 'dropped'),
        device: nullable(Type.String()),
        count: Type.Integer(),
        data: Type.Optional(Type.Boolean({ description: 'of data over a connection that stands' })),
        reason: Type.Optional(Type.String({ description: "the kernel's own word" })),
        function: Type.Optional(Type.String()),
        hook: Type.Optional(Type.String()),
      }),
      { description: 'where the nodes saw the packets, in order' },
    ),
  },
  { $id: 'ProbedTarget' },
);

export const SlowReportSchema = Type.Object(
  {
    total: nullable(
      Type.Object({
        min: Type.Number(),
        p50: Type.Number(),
        p90: Type.Number(),
        p99: Type.Number(),
        max: Type.Number(),
      }),
    ),
    conclusion: Type.Optional(
      Type.Object(
        {
          cause: oneOf('nothing', 'no-answer', 'loss', 'dns', 'process', 'reader', 'network'),
          text: ref('Text'),
        },
        { description: 'the answer, in a sentence' },
      ),
    ),
    stages: Type.Array(
      Type.Object({
        stage: oneOf(
          'connect',
          'rtt',
          'retransmissions',
          'node',
          'link',
          'wire',
          'queue',
          'driver',
          'softirq',
          'socket',
          'answer',
          'dns',
          'process',
          'reader',
        ),
        place: Type.String({ examples: ['node-2/host'] }),
        direction: nullable(oneOf('forward', 'reply')),
        what: ref('Text'),
        count: Type.Integer(),
        p50Ms: Type.Number(),
        p99Ms: Type.Number(),
        share: Type.Optional(
          Type.Number({
            minimum: 0,
            maximum: 1,
            description: 'of the time that a request takes; absent where it holds others',
          }),
        ),
        evidence: Type.String({ examples: ['probe packets', 'transmit-queued-microseconds'] }),
      }),
    ),
    notMeasured: Type.Array(Type.Object({ node: Type.String(), problem: Type.String() })),
  },
  { $id: 'SlowReport', description: 'Where the time goes, dearest stage first; stages overlap' },
);

export const LiveProbeSchema = Type.Object(
  {
    notMade: nullable(ref('Text')),
    agrees: nullable(Type.Boolean()),
    attempts: Type.Integer(),
    succeeded: Type.Integer(),
    from: nullable(Type.String({ description: 'namespace of the sender' })),
    targets: Type.Array(ref('ProbedTarget')),
    nodes: Type.Array(
      Type.Object({
        node: Type.String(),
        problem: nullable(Type.String({ description: 'why it did not watch' })),
        sightings: Type.Integer(),
        lost: Type.Integer(),
      }),
    ),
    fewer: Type.Optional(ref('Text')),
    slow: Type.Optional(ref('SlowReport')),
  },
  { $id: 'LiveProbe', description: 'What real packets did, and whether the simulation foresaw it' },
);
