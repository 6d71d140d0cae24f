/** The three ways in which the lab programs a network namespace: ip and bridge batches, sysctls, iptables-restore. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { inNetns, run } from '../command.ts';
import type { IptablesVariant } from '../spec.ts';
import { stateDirOf } from '../state.ts';

/** @param force go on after a line that fails (and do not fail): for undoing what may be undone already. */
export async function ipBatch(netnsPath: string, lines: readonly string[], force = false): Promise<void> {
  if (lines.length > 0) await batch(['ip'], netnsPath, lines, force);
}

export async function bridgeBatch(netnsPath: string, lines: readonly string[], force = false): Promise<void> {
  if (lines.length > 0) await batch(['bridge'], netnsPath, lines, force);
}

async function batch(tool: readonly string[], netnsPath: string, lines: readonly string[], force: boolean) {
  const argv = inNetns(netnsPath, [...tool, ...(force ? ['-force'] : []), '-batch', '-']);
  const result = run(argv, { input: `${lines.join('\n')}\n` });
  await (force ? result.catch(() => '') : result);
}

/** /proc/sys/net is that of the namespace of the process that looks. */
export async function setSysctls(netnsPath: string, values: Readonly<Record<string, string>>): Promise<void> {
  const settings = Object.entries(values).map(([key, value]) => `${key}=${value}`);
  if (settings.length > 0) await run(inNetns(netnsPath, ['sysctl', '-q', '-w', ...settings]));
}

/** Where rules go. */
export interface XtablesTarget {
  readonly lab: string;
  readonly netnsPath: string;
  readonly variant: IptablesVariant;
}

/**
 * Loads iptables-restore text. `noflush` keeps the other chains, as kube-proxy and flanneld do.
 * Each namespace has a lock file of its own: legacy restores would else wait for each other over the whole machine.
 */
export async function restoreRules(target: XtablesTarget, text: string, { noflush = true } = {}): Promise<void> {
  const argv = [`iptables-${target.variant}-restore`, '-w', '5', ...(noflush ? ['--noflush'] : [])];
  await run(inNetns(target.netnsPath, argv), { input: text, env: { XTABLES_LOCKFILE: lockFile(target) } });
}

export const saveRules = ({ netnsPath, variant }: XtablesTarget): Promise<string> =>
  run(inNetns(netnsPath, [`iptables-${variant}-save`]));

function lockFile({ lab, netnsPath }: XtablesTarget): string {
  const name = createHash('sha256').update(netnsPath).digest('hex').slice(0, 16);
  return join(stateDirOf(lab), `xtables-${name}.lock`);
}
