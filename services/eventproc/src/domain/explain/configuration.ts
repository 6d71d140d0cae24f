/** Where incidents are diagnosed. */
import type { EXPLAIN, ValuesOf } from '@netverdict/configuration';
import type { ExplainerOptions } from './explainer.ts';

/** @returns null when no api is named; the settings see to it that a token is with it */
export const explainConfiguration = (given: ValuesOf<typeof EXPLAIN>): ExplainerOptions | null =>
  given.apiUrl === null || given.apiToken === null
    ? null
    : { apiUrl: given.apiUrl, token: given.apiToken, perMinute: given.perMinute };
