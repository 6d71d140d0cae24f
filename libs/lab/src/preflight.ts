/** Looks for what a lab needs before anything is made, and says what is missing and how to get it. */
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { tryRun } from './command.ts';
import { LabError } from './errors.ts';

/** Program to Debian package. */
const PROGRAMS: Readonly<Record<string, string>> = {
  ip: 'iproute2',
  bridge: 'iproute2',
  nsenter: 'util-linux',
  flock: 'util-linux',
  sysctl: 'procps',
  'iptables-nft-restore': 'iptables',
  'iptables-legacy-restore': 'iptables',
  containerd: 'containerd',
  ctr: 'containerd',
  'containerd-shim-runc-v2': 'containerd',
  runc: 'runc',
  make: 'make',
  cc: 'gcc',
};

/** Debian's place, and that of everybody else's packages. */
const CNI_DIRS = ['/usr/lib/cni', '/opt/cni/bin'];
const CNI_PLUGINS = ['bridge', 'host-local', 'loopback'];

/** @returns the directory of the CNI plugins. @throws LabError that names everything missing at once. */
export async function preflight(): Promise<{ readonly cniDir: string }> {
  if (process.platform !== 'linux') throw new LabError('the lab needs Linux: it is made of network namespaces');
  if (process.getuid?.() !== 0) throw new LabError('the lab needs root: it makes network namespaces');
  const packages = new Set(
    Object.entries(PROGRAMS)
      .filter(([program]) => !onPath(program))
      .map(([, debian]) => debian),
  );
  const cniDir = CNI_DIRS.find((dir) => CNI_PLUGINS.every((plugin) => executable(join(dir, plugin))));
  if (cniDir === undefined) packages.add('containernetworking-plugins');
  if (packages.size > 0 || cniDir === undefined)
    throw new LabError(`the lab lacks programs: apt-get install ${[...packages].sort().join(' ')}`);
  await loadModules();
  return { cniDir };
}

/** A kernel without modules has them built in or not at all; then modprobe fails and the check decides. */
async function loadModules(): Promise<void> {
  const bridgeSysctl = '/proc/sys/net/bridge/bridge-nf-call-iptables';
  if (existsSync(bridgeSysctl)) return;
  await tryRun(['modprobe', '-a', 'br_netfilter', 'overlay', 'vxlan']).catch(() => {});
  if (!existsSync(bridgeSysctl))
    throw new LabError('the kernel lacks br_netfilter: packets between pods would pass netfilter by');
}

const onPath = (program: string): boolean =>
  [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'].some((dir) => executable(join(dir, program)));

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
