/** Dead letters of the bus: what no consumer could handle, to be looked at, sent once more, or dropped. Admins only: they hold whole messages. */
import {
  type DeadLetterDocument,
  type DeadLetterList,
  type DeadLetterRedelivered,
  type DeadLetterSummary,
  oneOf,
  ref,
} from '@netverdict/contracts';
import { BusUnavailable, type DeadLetters, type StoredDeadLetter } from '@netverdict/messaging';
import Type from 'typebox';
import type { Dependencies, Server } from '../app.ts';
import { encodeCursor } from '../domain/cursor.ts';
import { ProblemError } from '../http/problems.ts';
import { numberOf } from './place.ts';
import { errors, PageQuery } from './schemas.ts';

const PATH = '/api/v1/dead-letters';
const Params = Type.Object({ id: Type.String({ pattern: '^[1-9][0-9]{0,14}$', description: 'a number' }) });
const Query = Type.Object(
  { stream: Type.Optional(oneOf('DIAGNOSIS', 'EVENTS')), ...PageQuery },
  { additionalProperties: false },
);
const tags = ['dead letters'];

const summary = ({ seq, letter, message, bytes, cut }: StoredDeadLetter): DeadLetterSummary => {
  const { stream, subject, consumer, reason, deliveries, at } = letter;
  return { id: String(seq), message, stream, subject, consumer, reason, deliveries, at, bytes, redeliverable: !cut };
};

const unknown = (id: string): ProblemError =>
  new ProblemError({
    type: 'unknown-dead-letter',
    status: 404,
    title: 'No such dead letter',
    detail: `There is no dead letter ${id}. They are kept for a week, and removed when they are sent once more or dropped.`,
  });

export function deadLetterRoutes(app: Server, { deadLetters }: Dependencies): void {
  /** @throws ProblemError 503 while NATS does not answer */
  async function ask<T>(work: (letters: DeadLetters) => Promise<T>): Promise<T> {
    try {
      const letters = deadLetters();
      if (letters === null) throw new BusUnavailable('NATS was never reached');
      return await work(letters);
    } catch (error) {
      if (!(error instanceof BusUnavailable)) throw error;
      throw new ProblemError({
        type: 'unavailable',
        status: 503,
        title: 'The bus does not answer',
        detail: 'Dead letters are kept by NATS, which does not answer just now. Try again in a moment.',
        headers: { 'retry-after': '2' },
      });
    }
  }
  const found = async (letters: DeadLetters, id: string): Promise<StoredDeadLetter> => {
    const dead = await letters.get(Number(id));
    if (dead === null) throw unknown(id);
    return dead;
  };

  app.get(
    PATH,
    {
      schema: {
        operationId: 'listDeadLetters',
        summary: 'Messages of the bus that could not be handled, oldest first',
        tags,
        querystring: Query,
        response: { 200: ref<DeadLetterList>('DeadLetterList'), ...errors(400, 401, 403, 503) },
      },
    },
    async ({ query: { stream, cursor, limit = 50 } }): Promise<DeadLetterList> => {
      let after = numberOf(cursor) ?? 0;
      return ask(async (letters) => {
        const items: DeadLetterSummary[] = [];
        for (;;) {
          const dead = await letters.next(after, stream);
          if (dead === null) return { items, nextCursor: null };
          if (items.length === limit) return { items, nextCursor: encodeCursor([String(after)]) };
          items.push(summary(dead));
          after = dead.seq;
        }
      });
    },
  );

  app.get(
    `${PATH}/:id`,
    {
      schema: {
        operationId: 'getDeadLetter',
        summary: 'A dead letter with the message that it holds',
        tags,
        params: Params,
        response: { 200: ref<DeadLetterDocument>('DeadLetter'), ...errors(400, 401, 403, 404, 503) },
      },
    },
    ({ params: { id } }): Promise<DeadLetterDocument> =>
      ask(async (letters) => {
        const dead = await found(letters, id);
        return { ...summary(dead), content: await letters.text(dead) };
      }),
  );

  app.post(
    `${PATH}/:id/redeliver`,
    {
      schema: {
        operationId: 'redeliverDeadLetter',
        summary: 'Send the message once more to its consumer, and remove the letter',
        description:
          'It keeps its own id: who has handled it after all takes no notice. If it fails again there will be a new letter.',
        tags,
        params: Params,
        response: { 200: ref<DeadLetterRedelivered>('DeadLetterRedelivered'), ...errors(400, 401, 403, 404, 409, 503) },
      },
    },
    ({ params: { id } }): Promise<DeadLetterRedelivered> =>
      ask(async (letters) => {
        const dead = await found(letters, id);
        if (dead.cut || dead.message === null)
          throw new ProblemError({
            type: 'not-redeliverable',
            status: 409,
            title: 'It cannot be sent once more',
            detail: dead.cut
              ? `Of the ${dead.bytes} bytes of the message only the beginning was kept.`
              : `No message of this version goes to ${dead.letter.subject}.`,
          });
        return { id, stream: dead.letter.stream, ...(await letters.redeliver(dead)) };
      }),
  );

  app.delete(
    `${PATH}/:id`,
    {
      schema: {
        operationId: 'dropDeadLetter',
        summary: 'Remove a dead letter: its message will not be handled',
        tags,
        params: Params,
        response: { 204: Type.Null({ description: 'It is gone' }), ...errors(400, 401, 403, 404, 503) },
      },
    },
    async ({ params: { id } }, reply) => {
      if (!(await ask((letters) => letters.remove(Number(id))))) throw unknown(id);
      return reply.code(204).send(null);
    },
  );
}
