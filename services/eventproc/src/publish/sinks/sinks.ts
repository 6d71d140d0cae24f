/** All sinks that the configuration names, as one. */
import type { Log } from '@netverdict/telemetry';
import type { SinkConfiguration } from './configuration.ts';
import { type FeedCounts, startFeed } from './feed.ts';
import { fileSink } from './file.ts';
import { lokiSink } from './loki.ts';
import type { Notice } from './notice.ts';
import type { Sink } from './sink.ts';
import { stderrSink } from './stderr.ts';

export interface Sinks {
  /** Is there any? Notices need not be made for none. */
  readonly any: boolean;
  /** Never waits, never throws. After they are stored. */
  offer(notices: readonly Notice[]): void;
  counts(): FeedCounts[];
  stop(): Promise<void>;
}

export async function openSinks(config: SinkConfiguration, log: Pick<Log, 'info' | 'warn'>): Promise<Sinks> {
  const sinks: Sink[] = [
    ...(config.loki === null ? [] : [lokiSink(config.loki)]),
    // OpenTelemetry's packages are large: loaded only where they are used.
    ...(config.otlp === null ? [] : [(await import('./otlp.ts')).otlpSink(config.otlp)]),
    ...(config.file === null ? [] : [fileSink(config.file)]),
    ...(config.stderr ? [stderrSink()] : []),
  ];
  const feeds = sinks.map((sink) => startFeed(sink, { mostWaiting: config.mostWaiting }, log));
  if (feeds.length > 0) log.info({ sinks: sinks.map(({ name }) => name) }, 'sinks are told of what is stored');
  return {
    any: feeds.length > 0,
    offer(notices) {
      for (const feed of feeds) feed.offer(notices);
    },
    counts: () => feeds.map((feed) => feed.counts()),
    async stop() {
      await Promise.all(feeds.map((feed) => feed.stop()));
    },
  };
}
