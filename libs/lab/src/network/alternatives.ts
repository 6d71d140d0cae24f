/**
 * What `iptables` means on the lab's nodes: a real node has one variant under that name (update-alternatives), so that a remedy
 * `iptables -D FORWARD 3` changes the tables that are in use.
 */
import { mkdirSync, realpathSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { IptablesVariant } from '../spec.ts';
import { stateDirOf } from '../state.ts';

const NAMES = ['iptables', 'iptables-save', 'iptables-restore', 'ip6tables', 'ip6tables-save', 'ip6tables-restore'];

const dirOf = (lab: string): string => join(stateDirOf(lab), 'bin');

/** The multi-call programs look at the name that they are called by. */
export function linkAlternatives(lab: string, variant: IptablesVariant): void {
  mkdirSync(dirOf(lab), { recursive: true });
  const program = realpathSync(`/usr/sbin/iptables-${variant}`);
  for (const name of NAMES) symlinkSync(program, join(dirOf(lab), name));
}

/** PATH for commands that run on a node of the lab. */
export const nodePath = (lab: string): string => `${dirOf(lab)}:${process.env.PATH ?? ''}:/usr/sbin:/sbin`;
