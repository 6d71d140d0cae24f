/** Messages of the bus that could not be handled, as REST shows them. */
import Type, { type Static } from 'typebox';
import { nullable, ref } from './verdict-schemas.ts';

const SUMMARY = {
  id: Type.String({ examples: ['17'] }),
  message: nullable(Type.String({ description: 'by its subject; null: no message of ours', examples: ['verdict'] })),
  stream: Type.String({ examples: ['DIAGNOSIS'] }),
  subject: Type.String(),
  consumer: Type.String({ description: 'which could not handle it' }),
  reason: Type.String(),
  deliveries: Type.Integer({ description: 'how often it was tried' }),
  at: Type.String({ format: 'date-time' }),
  bytes: Type.Integer({ description: 'of the message as it was sent' }),
  redeliverable: Type.Boolean({ description: 'false: it was too big to be kept whole' }),
};

export const DeadLetterSummary = Type.Object(SUMMARY, { $id: 'DeadLetterSummary' });
export type DeadLetterSummary = Static<typeof DeadLetterSummary>;

export const DeadLetterList = Type.Object(
  { items: Type.Array(ref<DeadLetterSummary>('DeadLetterSummary')), nextCursor: nullable(Type.String()) },
  { $id: 'DeadLetterList' },
);
export type DeadLetterList = Static<typeof DeadLetterList>;

export const DeadLetterDocument = Type.Object(
  {
    ...SUMMARY,
    content: nullable(
      Type.String({ description: 'the envelope as JSON text, or whatever came; null: it cannot be read' }),
    ),
  },
  { $id: 'DeadLetter' },
);
export type DeadLetterDocument = Static<typeof DeadLetterDocument>;

export const DeadLetterRedelivered = Type.Object(
  {
    id: Type.String(),
    stream: Type.String(),
    seq: Type.Integer({ description: 'of the message in its stream, now' }),
    duplicate: Type.Boolean({ description: 'it had been sent once more just before' }),
  },
  { $id: 'DeadLetterRedelivered' },
);
export type DeadLetterRedelivered = Static<typeof DeadLetterRedelivered>;
