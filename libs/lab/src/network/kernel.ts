/** The three ways in which the lab programs a network namespace: ip and bridge batches, sysctls, iptables-restore. */
import { createHash } from 'node:crypto';
import { inNetns, run } from '../command.ts';
import type { IptablesVariant } from '../spec.ts';

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

export async function getSysctl(netnsPath: string, key: string): Promise<string> {
  return (await run(inNetns(netnsPath, ['sysctl', '-n', key]))).trim();
}

/**
 * Loads iptables-restore text. `noflush` keeps the other chains, as kube-proxy and flanneld do.
 * Each namespace has a lock file of its own: legacy restores would else wait for each other over the whole machine.
 */
export async function restoreRules(
  netnsPath: string,
  variant: IptablesVariant,
  text: string,
  { noflush = true } = {},
): Promise<void> {
  const argv = [`iptables-${variant}-restore`, '-w', '5', ...(noflush ? ['--noflush'] : [])];
  await run(inNetns(netnsPath, argv), { input: text, env: { XTABLES_LOCKFILE: lockFile(netnsPath) } });
}

export const saveRules = (netnsPath: string, variant: IptablesVariant): Promise<string> =>
  run(inNetns(netnsPath, [`iptables-${variant}-save`]), { env: { XTABLES_LOCKFILE: lockFile(netnsPath) } });

const lockFile = (netnsPath: string): string =>
  `/run/netverdict/xtables-${createHash('sha256').update(netnsPath).digest('hex').slice(0, 16)}.lock`;
