/** What `netverdict up` left for other processes to find: the supervisor, the address, the lab. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { upDir } from './dirs.ts';
import type { ProcessIdentity } from './process-identity.ts';

export interface UpState {
  readonly supervisor: ProcessIdentity;
  readonly ready: boolean;
  readonly apiUrl: string;
  readonly lab: string | null;
  readonly error: string | null;
  readonly kubeconfig?: string | null;
  readonly cluster?: string;
  readonly natsUrl?: string;
  /** Nodes whose agents are started on them by hand, and the key that each needs. */
  readonly agents?: readonly { readonly node: string; readonly keyFile: string }[];
}

export const statePath = (): string => join(upDir(), 'up.json');

export function readUpState(): UpState | null {
  if (!existsSync(statePath())) return null;
  return JSON.parse(readFileSync(statePath(), 'utf8')) as UpState;
}
