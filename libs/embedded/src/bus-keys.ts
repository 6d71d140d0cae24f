/**
 * Keys for a bus that others run (a cluster's, the chart's), as folders that become Secrets:
 *
 *   <out>/hub/{api,simulator,eventproc}.nk          <out>/nats/users.conf   for nats-server: all that have a key, and what each may do
 *   <out>/<cluster>/services/topology.nk            <out>/<cluster>/agents/<node>
 */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BusUser } from '@netverdict/contracts';
import { ensureUser, natsKeyFile, natsUsers } from './nats.ts';

const HUB = ['api', 'simulator', 'eventproc'] as const;

/** Keys that are there stay; others are added. `out` may have had other clusters before: they stay too. */
export function writeBusKeys(out: string, cluster: string, nodes: readonly string[]): void {
  const made = join(out, '.made');
  const write = (user: BusUser, folder: string, name: string): void => {
    ensureUser(made, user);
    mkdirSync(join(out, folder), { recursive: true, mode: 0o700 });
    copyFileSync(natsKeyFile(made, user), join(out, folder, name));
  };
  for (const role of HUB) write({ role }, 'hub', `${role}.nk`);
  write({ role: 'topology', cluster }, join(cluster, 'services'), 'topology.nk');
  for (const node of nodes) write({ role: 'agent', cluster, node }, join(cluster, 'agents'), node);
  mkdirSync(join(out, 'nats'), { recursive: true, mode: 0o700 });
  writeFileSync(join(out, 'nats/users.conf'), `users: ${JSON.stringify(natsUsers(made), null, 1)}\n`, { mode: 0o600 });
}
