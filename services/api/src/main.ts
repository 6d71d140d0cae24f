/**
 * The REST service: takes questions, owns the state of every diagnosis, tells its end.
 *
 *   client ──POST──▶ routes ──▶ domain/accept ──row──▶ PostgreSQL ◀──sweeper (publishes again, enforces deadlines)
 *                                   └──────▶ publish/diagnosis-requested ──▶ NATS ──▶ topology …
 *
 *   NATS ──▶ consume/verdict, diagnosis-failed ──▶ domain/finish ──row──▶ PostgreSQL ──NOTIFY──▶ changes (every replica)
 *        ──▶ consume/diagnosis-progress ──▶ domain/progress-buffer ──▶      │                     ├─▶ waiting requests
 *                                                                           │                     └─▶ SSE streams
 *                                                                           └─ delivery rows (triggers) ──NOTIFY──▶ publish/webhook-queue (Redis) ──▶ receivers
 */
import { runService } from '@netverdict/telemetry';
import { configurationOf, SETTINGS } from './configuration.ts';
import { startApi } from './service.ts';

await runService({ name: 'api', settings: SETTINGS }, async (telemetry, settings) => {
  const api = await startApi(configurationOf(settings), telemetry);
  telemetry.onShutdown('api', () => api.close());
});
