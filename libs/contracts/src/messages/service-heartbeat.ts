/** Says every few seconds that a replica of a service lives, and what of that which it needs answers it. Its clock is the envelope's. */
import Type, { type Static } from 'typebox';

export const ServiceName = Type.Union([
  Type.Literal('api'),
  Type.Literal('topology'),
  Type.Literal('simulator'),
  Type.Literal('eventproc'),
]);
export type ServiceName = Static<typeof ServiceName>;

export const Dependency = Type.Object({ name: Type.String(), reachable: Type.Boolean() });
export type Dependency = Static<typeof Dependency>;

export const ServiceHeartbeat = Type.Object({
  service: ServiceName,
  /** New on each start. */
  replica: Type.String({ minLength: 1 }),
  version: Type.String(),
  startedAt: Type.String({ format: 'date-time' }),
  dependencies: Type.Array(Dependency),
  /** The last one: the replica ends in order. */
  stopping: Type.Optional(Type.Boolean()),
});
export type ServiceHeartbeat = Static<typeof ServiceHeartbeat>;
