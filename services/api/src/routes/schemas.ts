/** Schemas that several routes share. */
import { type Problem, ref } from '@netverdict/contracts';
import Type from 'typebox';

/** Text that PostgreSQL can hold. */
export const text = (description: string) =>
  Type.String({ minLength: 1, maxLength: 320, pattern: '^[^\\u0000]*$', description });

export const IdParams = Type.Object({ id: Type.String({ description: '`dg_…`' }) });

export const PageQuery = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, description: 'items a page; 50 when absent' })),
  cursor: Type.Optional(Type.String({ maxLength: 1000, description: '`nextCursor` of the page before' })),
};

const MEANING: Readonly<Record<number, string>> = {
  400: 'The request is not valid; `errors` names each bad field',
  401: 'No valid bearer token',
  403: 'The token may not do that',
  404: 'No such thing',
  409: 'Not in this state',
  410: 'Gone',
  413: 'The body is too large',
  415: 'The body is not JSON by its content type',
  422: 'The Idempotency-Key was used for another request',
  429: 'Enough is going on already; see Retry-After',
  503: 'The database or the bus is not available just now; see Retry-After',
};

/** Responses with problem details, for the OpenAPI document. What wants a token may also be told that the token asks for too much. */
export const errors = <S extends number>(...statuses: readonly S[]) =>
  Object.fromEntries(
    (statuses.some((status) => status === 401) ? [...new Set([...statuses, 429])] : statuses).map((status) => [
      status,
      {
        description: MEANING[status] ?? 'An error',
        content: { 'application/problem+json': { schema: ref<Problem>('Problem') } },
      },
    ]),
  ) as Record<S, { description: string; content: { 'application/problem+json': { schema: object } } }>;
