/** A log that says nothing, or all of it to stderr with NETVERDICT_TEST_LOG. */
import type { Log } from '@netverdict/telemetry';

const write =
  (level: string) =>
  (fields: unknown, message?: string): void => {
    if (process.env.NETVERDICT_TEST_LOG)
      process.stderr.write(
        `${level} ${message ?? ''} ${JSON.stringify(fields, (_k, v: unknown) => (v instanceof Error ? String(v.stack) : v))}\n`,
      );
  };

export type BusLog = Pick<Log, 'debug' | 'info' | 'warn' | 'error'>;

export const silentLog = {
  level: 'info',
  fatal: write('fatal'),
  error: write('error'),
  warn: write('warn'),
  info: write('info'),
  debug: () => undefined,
  trace: () => undefined,
  silent: () => undefined,
  child: () => silentLog,
} as unknown as Log;
