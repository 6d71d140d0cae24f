/** Messages that are not stored: every replica hears each once, or never. */
import { type MessageBody, type MessageName, subjectOf } from '@netverdict/contracts';
import { reasonOf } from './errors.ts';
import type { Link } from './link.ts';
import { inTraceOf } from './tracing.ts';
import { decode } from './wire.ts';

export interface Heard {
  readonly id: string;
  readonly cluster: string;
  readonly node: string | null;
  readonly occurredAt: string;
}

/** @param where null hears every cluster, and without a node every node, as far as the user may. */
export function subscribeCore<N extends MessageName>(
  link: Link,
  message: N,
  where: { readonly cluster: string | null; readonly node?: string },
  handler: (body: MessageBody<N>, heard: Heard) => Promise<void> | void,
): { stop(): void } {
  const subject = subjectOf(message, where.cluster, where.node ?? null);
  const sub = link.nc.subscribe(subject);
  const listen = async (): Promise<void> => {
    for await (const msg of sub) {
      try {
        const { envelope, body, node } = await decode(message, msg);
        const { id, cluster, occurredAt } = envelope;
        await inTraceOf(envelope, `hear ${message}`, async () => handler(body, { id, cluster, node, occurredAt }));
      } catch (error) {
        link.log.warn({ subject: msg.subject, reason: reasonOf(error) }, 'message ignored');
      }
    }
  };
  void listen().catch((err: unknown) => link.log.error({ err, subject }, 'subscription refused'));
  return { stop: () => sub.unsubscribe() };
}
