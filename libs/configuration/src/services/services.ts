/** Each service with all that it is told. */
import type { Settings } from '../setting.ts';
import { readSources, type Sources } from '../sources.ts';
import { API } from './api.ts';
import { COLLECTOR_AGENT } from './collector-agent.ts';
import { EVENTPROC } from './eventproc.ts';
import { SIMULATOR } from './simulator.ts';
import { TOPOLOGY } from './topology.ts';

export const SERVICES = {
  api: API,
  topology: TOPOLOGY,
  simulator: SIMULATOR,
  eventproc: EVENTPROC,
  'collector-agent': COLLECTOR_AGENT,
} as const satisfies Readonly<Record<string, Settings>>;

export type ServiceName = keyof typeof SERVICES;
export const SERVICE_NAMES: readonly string[] = Object.keys(SERVICES);
export const isServiceName = (name: string): name is ServiceName => name in SERVICES;

const namesOf = (settings: Settings): string[] =>
  Object.values(settings).flatMap(({ name, kind }) => (kind === 'secret' ? [name, `${name}_FILE`] : [name]));

/** @throws ConfigurationError when the file that is named can't be read */
export const sourcesOf = (
  service: string,
  settings: Settings,
  args: readonly string[],
  environment: Sources['environment'],
): Promise<Sources> =>
  readSources({
    service,
    args,
    environment,
    names: namesOf(settings),
    allNames: [...new Set([settings, ...Object.values(SERVICES)].flatMap(namesOf))],
    services: SERVICE_NAMES,
  });
