/** Measuring on one node for a bounded time: probes that are off are switched on, what their histograms gather meanwhile is told, and they are off again. */
import Type, { type Static } from 'typebox';

const name = Type.String({ minLength: 1, maxLength: 100 });

export const MeasureRequest = Type.Union([
  Type.Object({
    operation: Type.Literal('begin'),
    measure: name,
    probes: Type.Array(Type.String({ pattern: '^[a-z-]+$', maxLength: 30 }), { minItems: 1, maxItems: 20 }),
    /** Ends by itself then. */
    forMs: Type.Integer({ minimum: 10, maximum: 60_000 }),
  }),
  Type.Object({ operation: Type.Literal('end'), measure: name }),
]);
export type MeasureRequest = Static<typeof MeasureRequest>;

/** Microseconds: [n] of the buckets counts values from 2^(n-1) up to 2^n - 1, the last one all above. */
export const MeasuredHistogram = Type.Object({
  probe: Type.String(),
  metric: Type.String(),
  /** 0: the node as a whole. */
  netns: Type.Integer(),
  peer: Type.Union([Type.String(), Type.Null()]),
  count: Type.Integer(),
  sum: Type.Number(),
  buckets: Type.Array(Type.Integer()),
});
export type MeasuredHistogram = Static<typeof MeasuredHistogram>;

export const MeasureAnswer = Type.Union([
  Type.Object({
    kind: Type.Literal('began'),
    /** Probes that this node cannot run. */
    refused: Type.Array(Type.Object({ probe: Type.String(), reason: Type.String() })),
  }),
  Type.Object({ kind: Type.Literal('measured'), histograms: Type.Array(MeasuredHistogram) }),
  Type.Object({ kind: Type.Literal('error'), message: Type.String() }),
]);
export type MeasureAnswer = Static<typeof MeasureAnswer>;
