/** One envelope around every message on the bus. */
import Type, { type Static } from 'typebox';

export const Envelope = Type.Object({
  /** Deterministic, also JetStream's dedupe id: `<diagnosis>/<attempt>/<message>/<round>`, `<cluster>/<node>/<epoch>/<seq>`. */
  id: Type.String({ minLength: 1, maxLength: 400 }),
  message: Type.String(),
  version: Type.Integer({ minimum: 1 }),
  cluster: Type.String(),
  occurredAt: Type.String({ format: 'date-time' }),
  /** W3C trace context: one diagnosis is one trace across all services. */
  traceparent: Type.Optional(Type.String()),
  body: Type.Unknown(),
});
export type Envelope = Static<typeof Envelope>;
