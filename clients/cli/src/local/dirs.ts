/** Where the local instance keeps its state. */
import { homedir } from 'node:os';
import { join } from 'node:path';

export function stateDir(): string {
  if (process.env.NETVERDICT_STATE_DIR) return process.env.NETVERDICT_STATE_DIR;
  if (process.getuid?.() === 0) return '/var/lib/netverdict';
  return join(process.env.XDG_STATE_HOME ?? join(homedir(), '.local/state'), 'netverdict');
}
export const upDir = (): string => join(stateDir(), 'up');
