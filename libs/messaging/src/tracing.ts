/** One diagnosis is one trace: a handler runs as a child of whoever published the message. */
import type { Envelope } from '@netverdict/contracts';
import { context, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';

/** Runs `work` in the trace that the envelope carries, or in a new one. */
export async function inTraceOf<T>(envelope: Envelope, name: string, work: () => Promise<T>): Promise<T> {
  const carrier = envelope.traceparent === undefined ? {} : { traceparent: envelope.traceparent };
  const parent = propagation.extract(ROOT_CONTEXT, carrier);
  const attributes = { 'messaging.system': 'nats', 'messaging.message.id': envelope.id };
  const options = { kind: SpanKind.CONSUMER, attributes };
  return context.with(parent, () =>
    trace.getTracer('netverdict').startActiveSpan(name, options, parent, async (span) => {
      try {
        return await work();
      } catch (error) {
        span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.message : String(error) });
        throw error;
      } finally {
        span.end();
      }
    }),
  );
}
