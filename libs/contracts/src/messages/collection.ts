/** Request/reply between topology and the agent of a node. The reply is a stream of chunks, the last with `end`. */
import type { NodeSnapshot, SectionKind } from '@netverdict/linux-net';
import Type, { type Static } from 'typebox';

export const CollectTarget = Type.Union([
  Type.Object({ kind: Type.Literal('host') }),
  Type.Object({ kind: Type.Literal('pod'), namespace: Type.String(), name: Type.String() }),
  Type.Object({ kind: Type.Literal('netns'), inode: Type.Integer() }),
]);
export type CollectTarget = Static<typeof CollectTarget>;

export const CollectRequest = Type.Object({
  targets: Type.Array(CollectTarget, { minItems: 1, maxItems: 64 }),
  /** State at most this old will do; 0 reads now. */
  maxAgeMs: Type.Integer({ minimum: 0 }),
  /** Digests that the asker has: their text is not sent again. */
  knownDigests: Type.Array(Type.String()),
  /** For the flow's own conntrack entries; addresses as text. */
  flows: Type.Array(
    Type.Object({ protocol: Type.Integer(), addresses: Type.Array(Type.String()), ports: Type.Array(Type.Integer()) }),
  ),
  deadlineMs: Type.Integer({ minimum: 1 }),
});
export type CollectRequest = Static<typeof CollectRequest>;

export const CollectChunk = Type.Union([
  /** The manifest of what was read comes first. */
  Type.Object({
    kind: Type.Literal('manifest'),
    node: Type.Unsafe<NodeSnapshot>(Type.Object({}, { additionalProperties: true })),
  }),
  /** A text in parts of at most 512 KiB; `part` counts from 0, `parts` says how many. */
  Type.Object({
    kind: Type.Literal('section'),
    sectionKind: Type.Unsafe<SectionKind>(Type.String()),
    digest: Type.String(),
    part: Type.Integer(),
    parts: Type.Integer(),
    text: Type.String(),
  }),
  Type.Object({ kind: Type.Literal('end') }),
  Type.Object({ kind: Type.Literal('error'), message: Type.String() }),
]);
export type CollectChunk = Static<typeof CollectChunk>;
