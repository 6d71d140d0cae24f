export { writeBusKeys } from './bus-keys.ts';
export { type Engines, type EnginesOptions, startEngines } from './engines.ts';
export { EngineError } from './errors.ts';
export { type NatsCluster, type NatsNode, startNatsCluster } from './nats-cluster.ts';
export { openPool } from './pool.ts';
export { freePort } from './ports.ts';
export {
  type EngineName,
  type EnginesRecord,
  outsidePostgresDir,
  readRecord,
  removeEngines,
  stopEngines,
} from './record.ts';
