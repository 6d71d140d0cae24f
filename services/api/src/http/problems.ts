/** RFC 9457 problem details: the one form of every error that this API answers with. */
import { type InvalidField, PROBLEM_BASE, type Problem } from '@netverdict/contracts';
import { isUnavailable } from '@netverdict/store';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';

interface ProblemOptions {
  readonly type: string;
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly errors?: readonly InvalidField[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** Thrown by routes; everything else that is thrown is the database being away, or a bug of ours. */
export class ProblemError extends Error {
  readonly options: ProblemOptions;
  constructor(options: ProblemOptions) {
    super(options.detail);
    this.options = options;
  }
}

export const invalidRequest = (errors: readonly InvalidField[]): ProblemError =>
  new ProblemError({
    type: 'invalid-request',
    status: 400,
    title: 'The request is not valid',
    detail: errors.map((e) => `${e.pointer || 'the body'}: ${e.detail} (expected: ${e.expected})`).join('; '),
    errors,
  });

export const unknownDiagnosis = (id: string): ProblemError =>
  new ProblemError({
    type: 'unknown-diagnosis',
    status: 404,
    title: 'No such diagnosis',
    detail: `There is no diagnosis ${id}. Finished ones are removed after some time.`,
  });

export const unknownIncident = (id: string): ProblemError =>
  new ProblemError({
    type: 'unknown-incident',
    status: 404,
    title: 'No such incident',
    detail: `There is no incident ${id}. Finished ones are removed after some time.`,
  });

export function sendProblem(request: FastifyRequest, reply: FastifyReply, options: ProblemOptions): FastifyReply {
  const body: Problem = {
    type: `${PROBLEM_BASE}${options.type}`,
    title: options.title,
    status: options.status,
    detail: options.detail,
    instance: request.url,
    ...(options.errors ? { errors: [...options.errors] } : {}),
  };
  return reply
    .code(options.status)
    .headers({ ...options.headers })
    .header('content-type', 'application/problem+json; charset=utf-8')
    .serializer(JSON.stringify)
    .send(body);
}

/** Fastify's own refusals, in our words. */
const FASTIFY_ERRORS: Readonly<Record<string, Omit<ProblemOptions, 'errors'>>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    type: 'unsupported-media-type',
    status: 415,
    title: 'The body has an unsupported media type',
    detail: 'Send the body as application/json.',
  },
  FST_ERR_CTP_EMPTY_JSON_BODY: {
    type: 'malformed-json',
    status: 400,
    title: 'The body is empty',
    detail: 'The content type says application/json, but there is no body.',
  },
  FST_ERR_BAD_URL: {
    type: 'malformed-url',
    status: 400,
    title: 'Malformed URL',
    detail: 'The path cannot be decoded.',
  },
};

/** Turns anything thrown while a request was handled into a problem. */
export function handleError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (error instanceof ProblemError) return sendProblem(request, reply, error.options);
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return sendProblem(request, reply, {
      type: 'body-too-large',
      status: 413,
      title: 'The body is too large',
      detail: `This request has at most ${Math.round(request.routeOptions.bodyLimit / 1024)} KiB.`,
    });
  const known = FASTIFY_ERRORS[error.code];
  if (known) return sendProblem(request, reply, known);
  if (error.code === 'FST_ERR_CTP_INVALID_JSON_BODY' || error instanceof SyntaxError)
    return sendProblem(request, reply, {
      type: 'malformed-json',
      status: 400,
      title: 'The body is not JSON',
      detail: error.message,
    });
  if (isUnavailable(error)) {
    request.log.warn({ err: error }, 'the database is not available');
    return sendProblem(request, reply, {
      type: 'unavailable',
      status: 503,
      title: 'The database is not available just now',
      detail: 'Nothing was accepted. Try again in a moment.',
      headers: { 'retry-after': '2' },
    });
  }
  const status = error.statusCode ?? 500;
  if (status < 500)
    return sendProblem(request, reply, { type: 'bad-request', status, title: 'Bad request', detail: error.message });
  request.log.error({ err: error }, 'a request failed by a fault of ours');
  return sendProblem(request, reply, {
    type: 'internal',
    status: 500,
    title: 'Something went wrong here',
    detail: `This is a bug. The log has the details under request ${request.id}.`,
  });
}
