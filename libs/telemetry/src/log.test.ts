import { context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { parseTraceparent, startLightTracing } from './light-tracing.ts';
import { createLog } from './log.ts';
import { inSpan, traceId } from './span.ts';

startLightTracing();

function logged(act: (log: ReturnType<typeof createLog>) => void): Record<string, unknown> {
  let line = '';
  act(
    createLog('probe', 'info', (text) => {
      line = text;
    }),
  );
  return JSON.parse(line) as Record<string, unknown>;
}

test('no secret is in a line, at the top or below', () => {
  const line = logged((log) =>
    log.info({ token: 't0p', config: { password: 'h1d' }, a: { b: { seed: 'SUAX' } } }, 'x'),
  );
  expect(JSON.stringify(line)).not.toMatch(/t0p|h1d|SUAX/);
});

test('the credentials in an error’s URL are not, in its cause neither', () => {
  const cause = new Error('connect redis://:hunter2@127.0.0.1:6379');
  const err = new Error('connect postgres://user:s3cret@h/db', { cause });
  const line = JSON.stringify(logged((log) => log.error({ err }, 'failed')));
  expect(line).not.toMatch(/s3cret|hunter2/);
  expect(line).toContain('postgres://***@h/db');
});

test('a line within a span names its trace', async () => {
  await inSpan('work', {}, () => {
    expect(logged((log) => log.info('x')).traceId).toBe(traceId());
  });
  expect(logged((log) => log.info('x')).traceId).toBeUndefined();
});

test('spans within spans are one trace, across awaits; a sibling is another', async () => {
  const ids: (string | null)[] = [];
  await inSpan('outer', {}, async () => {
    ids.push(traceId());
    await new Promise((resolve) => setTimeout(resolve, 5));
    await inSpan('inner', {}, () => void ids.push(traceId()));
  });
  await inSpan('other', {}, () => void ids.push(traceId()));
  expect(ids[0]).toMatch(/^[0-9a-f]{32}$/);
  expect(ids[1]).toBe(ids[0]);
  expect(ids[2]).not.toBe(ids[0]);
});

test('a trace goes over the wire and is taken up on the other side', async () => {
  const carrier: { traceparent?: string } = {};
  let sent: string | null = null;
  await inSpan('sender', {}, () => {
    sent = traceId();
    propagation.inject(context.active(), carrier);
  });
  const received = propagation.extract(ROOT_CONTEXT, carrier);
  expect(trace.getSpanContext(received)?.traceId).toBe(sent);
  await context.with(received, () => inSpan('receiver', {}, () => expect(traceId()).toBe(sent)));
});

test.each([
  ['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', true],
  ['01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more', true],
  ['ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', false],
  ['00-00000000000000000000000000000000-b7ad6b7169203331-01', false],
  ['garbage', false],
  ['', false],
])('traceparent %s', (text, valid) => {
  expect(parseTraceparent(text) !== null).toBe(valid);
});
