import type { DeliveryDocument, WebhookDocument } from '@netverdict/contracts';
import { expect, test } from 'vitest';
import { outcomeOf, stateOf } from './webhooks.ts';

const webhook: WebhookDocument = {
  id: 'wh_1',
  url: 'https://hooks.example.org/',
  eventTypes: ['diagnosis.completed'],
  filter: {},
  description: '',
  concurrency: 4,
  enabled: true,
  disabledReason: null,
  failures: 0,
  pausedUntil: null,
  formerSecretUntil: null,
  createdAt: '2026-01-01T00:00:00Z',
  updatedAt: '2026-01-01T00:00:00Z',
};

test.each<[string, Partial<WebhookDocument>]>([
  ['on', {}],
  ['on (2 failures in a row)', { failures: 2 }],
  ['paused until 2026-01-01T00:00:10Z (5 failures in a row)', { failures: 5, pausedUntil: '2026-01-01T00:00:10Z' }],
  ['off', { enabled: false }],
  ['off: the receiver answered 410 Gone', { enabled: false, disabledReason: 'the receiver answered 410 Gone' }],
])('a webhook is shown as %s', (text, change) => {
  expect(stateOf({ ...webhook, ...change })).toBe(text);
});

const delivery: DeliveryDocument = {
  id: 'msg_1',
  webhook: 'wh_1',
  url: 'https://hooks.example.org/',
  eventType: 'webhook.ping',
  cluster: null,
  diagnosisId: null,
  incidentId: null,
  batchId: null,
  scheduleId: null,
  state: 'delivered',
  attempts: 1,
  lastStatus: 204,
  lastError: null,
  createdAt: '2026-01-01T00:00:00Z',
  nextAttemptAt: null,
  finishedAt: '2026-01-01T00:00:01Z',
  log: [{ at: '2026-01-01T00:00:01Z', durationMs: 12, status: 204, error: null }],
};

test('a ping says how it went', () => {
  expect(outcomeOf(delivery)).toBe('delivered: 204 in 12 ms');
  const failed = {
    ...delivery,
    state: 'failed',
    lastStatus: null,
    lastError: 'no answer within 15 s',
    log: [],
  } as const;
  expect(outcomeOf({ ...failed, log: [] })).toBe('failed: no answer: no answer within 15 s');
});
