/** A host that has the address and does not say so: arp_ignore. */
import { formatIp, type Ipv4, type Link } from '@netverdict/linux-net';
import { citeSysctl } from '../trace/evidence.ts';
import { sysctl } from '../world/facts.ts';
import { veth, type World, type WorldNamespace } from '../world/world.ts';
import { change, type Derived, nameOf, onPlace } from './finding.ts';

export function keepsSilent(world: World, asker: WorldNamespace, out: Link, address: Ipv4): Derived | null {
  for (const owner of world.namespaces.values()) {
    if (owner === asker || !owner.net.own.has(address)) continue;
    for (const link of heardBy(world, asker, out, owner)) {
      const found = ['all', link.name].map((name) => `net/ipv4/conf/${name}/arp_ignore`);
      const set = found.filter((path) => (sysctl(owner, path) ?? 0) > 0);
      if (set.length > 0) return silent(owner, link, address, set);
    }
  }
  return null;
}

/** The owner's devices on which it can have heard the question: the other end of the wire, or any that is up where more is between. */
function heardBy(world: World, asker: WorldNamespace, out: Link, owner: WorldNamespace): readonly Link[] {
  const peer = out.detail.kind === 'veth' ? veth(world, asker, out) : null;
  if (peer?.kind === 'found' && peer.ns === owner && peer.link.master === null) return [peer.link];
  return [...owner.net.linkByIndex.values()].filter((link) => link.up && !link.loopback && link.master === null);
}

function silent(owner: WorldNamespace, link: Link, address: Ipv4, paths: readonly string[]): Derived {
  const where = nameOf(owner);
  const values = Object.fromEntries(paths.map((path) => [path, '0']));
  const first = paths[0] as string;
  return {
    code: 'NV-ARP-IGNORED',
    params: { where, address: formatIp(address), dev: link.name, sysctl: first.replaceAll('/', '.') },
    at: owner,
    evidence: paths.map((path) => citeSysctl(owner, path, String(sysctl(owner, path)))),
    remedy: {
      command: paths.map((path) => `sysctl -w ${path}=0`).join(' && '),
      on: onPlace(owner),
      en: `Has ${where} answer for all of its addresses again. Load balancers with direct return set arp_ignore on purpose: see whether ${formatIp(address)} is such a shared address first.`,
      zh: `让 ${where} 重新为其所有地址应答。直接路由模式的负载均衡会有意设置 arp_ignore:请先确认 ${formatIp(address)} 是否为这样的共享地址。`,
    },
    patch: change(owner, (state) =>
      state.sysctls.known
        ? {
            ...state,
            sysctls: { ...state.sysctls, value: new Map([...state.sysctls.value, ...Object.entries(values)]) },
          }
        : state,
    ),
  };
}
