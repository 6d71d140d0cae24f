/** Where incidents are diagnosed, as the environment says. */
import { readFileSync } from 'node:fs';
import { absent, ConfigurationError, integer, required, url } from '@netverdict/telemetry';
import type { ExplainerOptions } from './explainer.ts';

/** @returns null when no api is named. @throws ConfigurationError */
export function readExplainConfiguration(env: NodeJS.ProcessEnv = process.env): ExplainerOptions | null {
  if (absent('NETVERDICT_API_URL', env) === null) return null;
  const apiUrl = url('NETVERDICT_API_URL', ['http', 'https'], 'address of the api, http://host:port', env);
  const file = required(
    'NETVERDICT_API_TOKEN_FILE',
    "file with the bearer token that the api knows as eventproc's",
    env,
  );
  let token: string;
  try {
    token = readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new ConfigurationError(`NETVERDICT_API_TOKEN_FILE: ${file} cannot be read (${(error as Error).message})`);
  }
  const perMinute = integer('NETVERDICT_EXPLAIN_PER_MINUTE', 30, { min: 1, max: 6000 }, env);
  return { apiUrl, token, perMinute };
}
