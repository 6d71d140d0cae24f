import { integer, or } from '../setting.ts';
import { BUS, HEALTH, PROCESS, streamReplicas } from './common.ts';

export const SIMULATOR = {
  ...PROCESS,
  ...HEALTH,
  ...BUS,
  streamReplicas,
  limit: or(
    integer('NETVERDICT_SIMULATE_LIMIT_MS', 'how long one simulation may take, in ms', { min: 100, max: 120_000 }),
    '10000',
  ),
  heap: or(
    integer('NETVERDICT_SIMULATE_HEAP_MB', 'heap of the thread that simulates, in MiB', { min: 64, max: 65_536 }),
    '1024',
  ),
};
