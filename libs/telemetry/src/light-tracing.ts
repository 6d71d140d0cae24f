/**
 * Trace context without the OpenTelemetry SDK, which costs some 40 MB at rest: ids are made and handed on, nothing is
 * recorded. So one diagnosis is one trace in the logs and in every envelope although no exporter is set up, and a
 * service with an exporter joins the same trace.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';
import {
  type Context,
  type ContextManager,
  context,
  isSpanContextValid,
  propagation,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  type SpanOptions,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
  TraceFlags,
  type Tracer,
  trace,
} from '@opentelemetry/api';

class AsyncContextManager implements ContextManager {
  private readonly storage = new AsyncLocalStorage<Context>();
  active(): Context {
    return this.storage.getStore() ?? ROOT_CONTEXT;
  }
  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    active: Context,
    fn: F,
    thisArg?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    return this.storage.run(active, () => fn.apply(thisArg, args));
  }
  bind<T>(active: Context, target: T): T {
    if (typeof target !== 'function') return target;
    const { storage } = this;
    const bound = function (this: unknown, ...args: unknown[]): unknown {
      return storage.run(active, (): unknown => target.apply(this, args));
    };
    return bound as T;
  }
  enable(): this {
    return this;
  }
  disable(): this {
    this.storage.disable();
    return this;
  }
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;

/** https://www.w3.org/TR/trace-context/ : version 00; of a higher version the known fields are read. */
export function parseTraceparent(text: string): SpanContext | null {
  const [, version, traceId, spanId, flags] = TRACEPARENT.exec(text.trim()) ?? [];
  if (version === undefined || version === 'ff' || !traceId || !spanId || !flags) return null;
  const parsed = { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED, isRemote: true };
  return isSpanContextValid(parsed) ? parsed : null;
}

class W3cPropagator implements TextMapPropagator {
  inject(active: Context, carrier: unknown, setter: TextMapSetter): void {
    const span = trace.getSpanContext(active);
    if (!span || !isSpanContextValid(span)) return;
    const flags = span.traceFlags.toString(16).padStart(2, '0');
    setter.set(carrier, 'traceparent', `00-${span.traceId}-${span.spanId}-${flags}`);
  }
  extract(active: Context, carrier: unknown, getter: TextMapGetter): Context {
    const header = getter.get(carrier, 'traceparent');
    const parsed = parseTraceparent((Array.isArray(header) ? header[0] : header) ?? '');
    return parsed ? trace.setSpanContext(active, parsed) : active;
  }
  fields(): string[] {
    return ['traceparent'];
  }
}

class IdTracer implements Tracer {
  startSpan(_name: string, options: SpanOptions = {}, parent: Context = context.active()): Span {
    const above = options.root ? undefined : trace.getSpanContext(parent);
    const inherits = above !== undefined && isSpanContextValid(above);
    return trace.wrapSpanContext({
      traceId: inherits ? above.traceId : randomBytes(16).toString('hex'),
      spanId: randomBytes(8).toString('hex'),
      // A root of ours counts as sampled: the next service may have the exporter that we lack.
      traceFlags: inherits ? above.traceFlags : TraceFlags.SAMPLED,
    });
  }
  startActiveSpan<F extends (span: Span) => unknown>(name: string, ...rest: unknown[]): ReturnType<F> {
    // Overloads: (name, fn), (name, options, fn), (name, options, context, fn).
    const fn = rest.at(-1) as (span: Span) => ReturnType<F>;
    const options = rest.length > 1 ? (rest[0] as SpanOptions) : {};
    const parent = rest.length > 2 ? (rest[1] as Context) : context.active();
    const span = this.startSpan(name, options, parent);
    return context.with(trace.setSpan(parent, span), () => fn(span));
  }
}

/** Registers all three with the OpenTelemetry API. Doing it twice changes nothing. */
export function startLightTracing(): void {
  const tracer = new IdTracer();
  context.setGlobalContextManager(new AsyncContextManager());
  propagation.setGlobalPropagator(new W3cPropagator());
  trace.setGlobalTracerProvider({ getTracer: () => tracer });
}
