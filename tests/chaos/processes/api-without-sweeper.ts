/** The api with nothing that looks after what does not move: a run with it must fail, or the run proves nothing. */
import { runService } from '@netverdict/telemetry';
import { configurationOf, SETTINGS } from '../../../services/api/src/configuration.ts';
import { PACE, startApi } from '../../../services/api/src/service.ts';

/** The longest that a timer takes: 24 days. */
const NEVER_MS = 2 ** 31 - 1;

await runService({ name: 'api', settings: SETTINGS }, async (telemetry, settings) => {
  const api = await startApi(configurationOf(settings), telemetry, { ...PACE, sweepEveryMs: NEVER_MS });
  telemetry.onShutdown('api', () => api.close());
});
