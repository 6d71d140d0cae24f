/** What two answers to the same question are compared by. */
import Type, { type Static } from 'typebox';
import { nullable } from './verdict-schemas.ts';

export const Deciding = Type.Object(
  {
    code: Type.String({
      description: 'of a finding that blocks, or why there is no verdict',
      examples: ['NV-FILTER-DROP', 'unknown-pod'],
    }),
    hop: nullable(Type.String({ description: 'where', examples: ['node-2/host'] })),
  },
  { $id: 'Deciding', description: 'What decides: no times, no counters, no addresses' },
);
export type Deciding = Static<typeof Deciding>;
