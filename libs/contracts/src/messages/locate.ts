/** Where in the cluster something is: the api asks topology, whose informers know. */
import Type, { type Static } from 'typebox';
import { Source } from '../request.ts';

export const LocateRequest = Type.Object({ ends: Type.Array(Source, { minItems: 1, maxItems: 64 }) });
export type LocateRequest = Static<typeof LocateRequest>;

export const LocatedEnd = Type.Object({
  kind: Type.Union([Type.Literal('pod'), Type.Literal('node'), Type.Literal('outside')]),
  /** `shop/web-1`, `node-1`, `192.0.2.7`. */
  name: Type.String(),
  /** null: outside of the cluster. */
  node: Type.Union([Type.String(), Type.Null()]),
  pod: Type.Union([Type.Object({ namespace: Type.String(), name: Type.String() }), Type.Null()]),
  /** Most preferred first. */
  addresses: Type.Array(Type.String()),
});
export type LocatedEnd = Static<typeof LocatedEnd>;

export const LocateAnswer = Type.Union([
  /** In the order of the question. */
  Type.Object({ kind: Type.Literal('located'), ends: Type.Array(LocatedEnd) }),
  Type.Object({
    kind: Type.Literal('unknown'),
    /** Of the question. */
    index: Type.Integer({ minimum: 0 }),
    problem: Type.String(),
    title: Type.String(),
    detail: Type.String(),
    suggestions: Type.Array(Type.String()),
  }),
  Type.Object({ kind: Type.Literal('error'), message: Type.String() }),
]);
export type LocateAnswer = Static<typeof LocateAnswer>;
