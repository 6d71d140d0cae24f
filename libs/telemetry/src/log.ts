/** Logs: one JSON line per event on stdout, with the trace's id, without secrets. */
import { context, isSpanContextValid, trace } from '@opentelemetry/api';
import { type Logger, pino } from 'pino';

export type Log = Logger;

const SECRETS = [
  'token',
  'password',
  'seed',
  'secret',
  'authorization',
  'cookie',
  'callbackSecret',
  'databaseUrl',
  'redisUrl',
];
/** Each secret's key at the top, one and two levels down. */
export const redactedPaths: readonly string[] = SECRETS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]);

const CREDENTIALS = /([a-z][a-z0-9+.-]*:\/\/)[^\s/@]*:[^\s/@]*@/gi;
/** Passwords inside URLs come with the messages of drivers' errors; `postgres://user:pw@h` becomes `postgres://***@h`. */
export const withoutCredentials = (text: string): string => text.replace(CREDENTIALS, '$1***@');

interface Serialized {
  readonly type: string;
  readonly message: string;
  readonly stack?: string;
  readonly code?: unknown;
  readonly cause?: unknown;
}

export function serializeError(error: unknown, depth = 0): Serialized | unknown {
  if (!(error instanceof Error)) return typeof error === 'string' ? withoutCredentials(error) : error;
  return {
    type: error.name,
    message: withoutCredentials(error.message),
    ...(error.stack === undefined || depth > 0 ? {} : { stack: withoutCredentials(error.stack) }),
    ...('code' in error ? { code: error.code } : {}),
    ...(error.cause === undefined || depth > 3 ? {} : { cause: serializeError(error.cause, depth + 1) }),
  };
}

function traceFields(): Record<string, string> {
  const span = trace.getSpanContext(context.active());
  return span && isSpanContextValid(span) ? { traceId: span.traceId, spanId: span.spanId } : {};
}

/** A line is out before the next statement runs. */
export const toStdout = (): { write(line: string): void } => pino.destination({ fd: 1, sync: true });

/** @param write where lines go instead of stdout. */
export function createLog(service: string, level: string, write?: (line: string) => void): Log {
  return pino(
    {
      level,
      base: { service, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: [...redactedPaths], censor: '***' },
      serializers: { err: (e) => serializeError(e), error: (e) => serializeError(e) },
      mixin: traceFields,
    },
    write ? { write } : toStdout(),
  );
}
