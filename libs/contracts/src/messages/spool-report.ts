/** Where an agent keeps the batches that the stream has not acknowledged yet. */
import Type, { type Static } from 'typebox';

export const SpoolReport = Type.Object({
  place: Type.Union([Type.Literal('disk'), Type.Literal('memory')], {
    description: 'disk: they outlive the agent; memory: it has no folder, or cannot use it just now',
  }),
  reason: Type.Optional(Type.String({ description: 'why not on disk' })),
  bytes: Type.Integer({ minimum: 0, description: 'on disk' }),
  waiting: Type.Integer({ minimum: 0, description: 'batches' }),
  lost: Type.Integer({ minimum: 0, description: 'anomalies thrown away since the start for want of room' }),
});
export type SpoolReport = Static<typeof SpoolReport>;
