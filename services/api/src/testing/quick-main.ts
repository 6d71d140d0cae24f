/** main.ts with the waits of tests. */
import { runService } from '@netverdict/telemetry';
import { configurationOf, SETTINGS } from '../configuration.ts';
import { startApi } from '../service.ts';
import { QUICK } from './pace.ts';

await runService({ name: 'api', settings: SETTINGS }, async (telemetry, settings) => {
  const api = await startApi(configurationOf(settings), telemetry, QUICK);
  telemetry.onShutdown('api', () => api.close());
});
