export { type Effective, effectiveSettings } from './effective.ts';
export { configurationPage } from './page.ts';
export { readSettings } from './read.ts';
export { API } from './services/api.ts';
export { COLLECTOR_AGENT } from './services/collector-agent.ts';
export { BUS, HEALTH, PROCESS } from './services/common.ts';
export { EVENTPROC, EVENTS, EXPLAIN } from './services/eventproc.ts';
export { isServiceName, SERVICE_NAMES, SERVICES, type ServiceName, sourcesOf } from './services/services.ts';
export { SIMULATOR } from './services/simulator.ts';
export { SINKS } from './services/sinks.ts';
export { TOPOLOGY } from './services/topology.ts';
export {
  ConfigurationError,
  type ListenAddress,
  parseListen,
  readBy,
  type Setting,
  type Settings,
  type ValuesOf,
} from './setting.ts';
export { environmentOnly, type Sources } from './sources.ts';
export { VERSION } from './version.ts';
