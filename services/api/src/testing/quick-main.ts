/** main.ts with the waits of tests. */
import { runService } from '@netverdict/telemetry';
import { readConfiguration } from '../configuration.ts';
import { startApi } from '../service.ts';
import { QUICK } from './pace.ts';

await runService('api', async (telemetry) => {
  const api = await startApi(await readConfiguration(), telemetry, QUICK);
  telemetry.onShutdown('api', () => api.close());
});
