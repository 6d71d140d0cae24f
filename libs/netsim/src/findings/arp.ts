/** A host that has the address and does not say so: arp_ignore, or rp_filter, by which it does not believe who asks. */
import { formatIp, type Ipv4, type Link } from '@netverdict/linux-net';
import { citeSysctl } from '../trace/evidence.ts';
import { maxConf, sysctl } from '../world/facts.ts';
import { ifName, veth, type World, type WorldNamespace } from '../world/world.ts';
import { actualRoute } from './expected-route.ts';
import { change, type Derived, nameOf, onPlace, type Situation } from './finding.ts';
import { rpFilter } from './kernel.ts';

export function keepsSilent(s: Situation, asker: WorldNamespace, out: Link, address: Ipv4): Derived | null {
  const { world } = s;
  for (const owner of world.namespaces.values()) {
    if (owner === asker || !owner.net.own.has(address)) continue;
    for (const link of heardBy(world, asker, out, owner)) {
      const found = ['all', link.name].map((name) => `net/ipv4/conf/${name}/arp_ignore`);
      const set = found.filter((path) => (sysctl(owner, path) ?? 0) > 0);
      if (set.length > 0) return silent(owner, link, address, set);
      const filtered = disbelieves(s, asker, owner, link);
      if (filtered) return filtered;
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

/** arp_process routes the question as a packet, and rp_filter refuses it as it does packets: strict, from an address that is reached by another device. */
function disbelieves(s: Situation, asker: WorldNamespace, owner: WorldNamespace, link: Link): Derived | null {
  const { source } = s.stop.packet;
  const mode = maxConf(owner, link, 'rp_filter') ?? 0;
  if (mode === 0 || !asker.net.own.has(source)) return null;
  const back = actualRoute(owner, source)?.nexthops[0]?.dev ?? null;
  if (back === link.ifindex) return null;
  const [all, own] = ['all', link.name].map((name) => `net/ipv4/conf/${name}/rp_filter`) as [string, string];
  const path = sysctl(owner, all) === mode ? all : own;
  const expected = back === null ? null : ifName(owner, back);
  const address = owner.net.addressesOn(link.ifindex).some((a) => typeof a.address === 'number');
  const loosely = back === null ? 'no-way-back' : address ? 'passes' : 'no-address';
  if (mode !== 1 && loosely === 'passes') return null;
  const cause = { kind: 'rp-filter', iif: link, mode, sysctl: path, expected, loosely } as const;
  return { ...rpFilter({ ...s, cause, ns: owner }), at: owner, evidence: [citeSysctl(owner, path, String(mode))] };
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
