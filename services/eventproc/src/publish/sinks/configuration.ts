/** Which sinks there are (docs/configuration.md lists the settings). Each is off until it is named. */
import type { SINKS, ValuesOf } from '@netverdict/configuration';
import type { FileOptions } from './file.ts';
import type { LokiOptions } from './loki.ts';

export interface SinkConfiguration {
  readonly loki: LokiOptions | null;
  readonly otlp: string | null;
  readonly file: FileOptions | null;
  readonly stderr: boolean;
  /** In each queue. */
  readonly mostWaiting: number;
}

const MIB = 1024 * 1024;

export const sinkConfiguration = (given: ValuesOf<typeof SINKS>): SinkConfiguration => ({
  loki:
    given.lokiUrl === null
      ? null
      : { url: given.lokiUrl, tenant: given.lokiTenant, authorization: given.lokiAuthorization },
  otlp: given.otlpUrl,
  file:
    given.sinkFile === null
      ? null
      : { path: given.sinkFile, mostBytes: given.sinkFileMib * MIB, keep: given.sinkFileKeep },
  stderr: given.sinkStderr === 'on',
  mostWaiting: given.sinkQueue,
});
