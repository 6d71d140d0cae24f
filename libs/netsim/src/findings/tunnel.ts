/** Findings of VXLAN: forwarding entries, network numbers, missing ends. */
import { formatIp, type Link } from '@netverdict/linux-net';
import { cite } from '../trace/evidence.ts';
import type { WorldNamespace } from '../world/world.ts';
import { editLink } from './edit.ts';
import { change, type Derived, nameOf, onPlace, type Situation } from './finding.ts';
import { downLink } from './link.ts';
import { wrongEntry, wrongMac } from './neighbour.ts';
import { routeDrift } from './route.ts';
import { fdbCommand, vteps, withFdb } from './vtep.ts';

export function fdbMissing(s: Situation<'fdb-missing'>): Derived {
  const { ns, world, cause, stop } = s;
  const drift = ns ? routeDrift(world, ns, stop.packet.destination) : null;
  if (drift) return drift;
  const vtep = ns
    ? vteps(world, ns, cause.link).find((v) => v.mac === cause.mac || v.gateway === cause.gateway)
    : undefined;
  const { neighbours } = ns?.net.state ?? {};
  const misled =
    ns && vtep && vtep.mac !== cause.mac && neighbours?.known
      ? neighbours.value.find((n) => n.dev === cause.link.ifindex && n.address === vtep.gateway && n.mac === cause.mac)
      : undefined;
  if (ns && misled) return wrongEntry(world, ns, cause.link, misled);
  return {
    code: 'NV-FDB-MISSING',
    params: { dev: cause.link.name, where: nameOf(ns), mac: cause.mac, owner: vtep?.node ?? 'another node' },
    remedy: {
      command: vtep ? fdbCommand(vtep, cause.link.name) : null,
      on: onPlace(ns),
      en: 'Puts the entry back; restarting the network plugin on the node does the same.',
      zh: '恢复该表项;重启该节点上的网络插件也有同样效果。',
    },
    patch: vtep ? change(ns, (state) => withFdb(state, cause.link, vtep)) : null,
  };
}

/** A frame came to a host that is not meant: somebody's forwarding entry leads there. */
export function notForUs(s: Situation<'not-for-us'>): Derived {
  const { ns, world, cause } = s;
  if (ns && cause.iif.detail.kind === 'vxlan')
    for (const sender of world.namespaces.values()) {
      const wrong = wrongFdb(s, sender, ns);
      if (wrong) return wrong;
    }
  const misled = wrongMac(s, cause.mac);
  if (misled) return misled;
  return {
    code: 'NV-DELIVERED-TO-OTHER',
    params: { address: formatIp(s.stop.packet.destination), where: nameOf(ns) },
    remedy: {
      command: null,
      on: null,
      en: `Look for the entry with the hardware address ${cause.mac} in the neighbour and forwarding tables of the host before.`,
      zh: `请在前一台主机的邻居表和转发表中查找硬件地址 ${cause.mac} 的表项。`,
    },
    patch: null,
  };
}

function wrongFdb(s: Situation<'not-for-us'>, sender: WorldNamespace, receiver: WorldNamespace): Derived | null {
  const { world, cause } = s;
  const { fdb } = sender.net.state;
  if (sender.kind !== 'host' || sender === receiver || !fdb.known) return null;
  const entry = fdb.value.find(
    (e) => e.mac === cause.mac && e.dst !== null && world.nodeByAddress.get(e.dst) === receiver.node,
  );
  const link = entry ? sender.net.linkByIndex.get(entry.dev) : undefined;
  if (!entry?.dst || link?.detail.kind !== 'vxlan') return null;
  const vtep = vteps(world, sender, link).find((v) => v.mac === cause.mac && v.dst !== entry.dst);
  return {
    code: 'NV-FDB-WRONG-NODE',
    params: {
      dev: link.name,
      where: nameOf(sender),
      owner: vtep?.node ?? cause.mac,
      actual: `${receiver.node} (${formatIp(entry.dst)})`,
      expected: vtep ? `${vtep.node} (${formatIp(vtep.dst)})` : '?',
    },
    at: sender,
    evidence: [cite(fdb, 'bridge-fdb', entry.evidence)],
    remedy: {
      command: vtep ? fdbCommand(vtep, link.name) : null,
      on: nameOf(sender),
      en: 'Points the entry at the node that has the hardware address.',
      zh: '把该表项指向真正拥有该硬件地址的节点。',
    },
    patch: vtep ? change(sender, (state) => withFdb(state, link, vtep)) : null,
  };
}

export function vniUnknown(s: Situation<'vni-unknown'>): Derived {
  const { ns, cause, world } = s;
  const device = cause.devices[0];
  if (device?.detail.kind !== 'vxlan')
    return {
      code: 'NV-VXLAN-DEVICE-MISSING',
      params: { where: nameOf(ns), port: cause.port },
      remedy: restart(nameOf(ns)),
      patch: null,
    };
  if (ns && !device.up) return downLink(world, ns, device);
  const odd = oddOneOut(s, device);
  return {
    code: 'NV-VXLAN-VNI-MISMATCH',
    params: { where: nameOf(ns), vni: cause.vni, dev: device.name, actual: device.detail.vni },
    remedy: restart(odd ? nameOf(odd) : nameOf(ns)),
    patch: change(ns, (state) =>
      editLink(state, device, (l) =>
        l.detail.kind === 'vxlan' ? { ...l, detail: { ...l.detail, vni: cause.vni, dstPort: cause.port } } : l,
      ),
    ),
  };
}

/** Of three and more tunnel ends, the one whose number no other has. */
function oddOneOut(s: Situation<'vni-unknown'>, device: Link): WorldNamespace | null {
  const own = s.ns;
  const numbers = [...s.world.namespaces.values()].flatMap((ns) =>
    ns.kind === 'host'
      ? [...ns.net.linkByIndex.values()].flatMap((l) =>
          l.detail.kind === 'vxlan' && l.name === device.name ? [{ ns, vni: l.detail.vni }] : [],
        )
      : [],
  );
  const count = (vni: number): number => numbers.filter((n) => n.vni === vni).length;
  const sender = numbers.find((n) => n.vni === s.cause.vni);
  const mine = numbers.find((n) => n.ns === own);
  if (!sender || !mine) return null;
  return count(sender.vni) < count(mine.vni) ? sender.ns : mine.ns;
}

const restart = (where: string) => ({
  command: null,
  on: where,
  en: `The number of a tunnel device cannot be changed: restart the network plugin (flanneld) on ${where}, which makes the device anew from the cluster's configuration.`,
  zh: `隧道设备的编号不能直接修改:请重启 ${where} 上的网络插件(flanneld),它会按集群配置重新创建该设备。`,
});

export function vtepUnreachable(s: Situation<'vtep-unreachable'>): Derived {
  const { ns, world, cause } = s;
  const tunnel = ns ? [...ns.net.linkByIndex.values()].find((l) => l.detail.kind === 'vxlan') : undefined;
  const vtep = ns && tunnel ? vteps(world, ns, tunnel).find((v) => v.mac === cause.mac) : undefined;
  return {
    code: 'NV-FDB-WRONG-NODE',
    params: {
      dev: tunnel?.name ?? cause.link.name,
      where: nameOf(ns),
      owner: vtep?.node ?? cause.mac ?? '?',
      actual: formatIp(cause.dst),
      expected: vtep ? `${vtep.node} (${formatIp(vtep.dst)})` : '?',
    },
    remedy: {
      command: vtep && tunnel ? fdbCommand(vtep, tunnel.name) : null,
      on: onPlace(ns),
      en: 'Points the entry at the node that has the hardware address.',
      zh: '把该表项指向真正拥有该硬件地址的节点。',
    },
    patch: vtep && tunnel ? change(ns, (state) => withFdb(state, tunnel, vtep)) : null,
  };
}

export function wrongChecksum({ ns, stop }: Situation<'tunnel-checksum'>): Derived {
  const { destination, dport } = stop.packet;
  return {
    code: 'NV-VXLAN-CHECKSUM',
    params: { where: nameOf(ns), address: formatIp(destination), port: dport ?? 0 },
    remedy: {
      command: null,
      on: nameOf(ns),
      en: `Keep the tunnel's own packets (udp/${dport}) out of NAT, on the node that sends them and on the way; or have the tunnel device made without UDP checksums (noudpcsum).`,
      zh: `请让隧道自身的数据包(udp/${dport})不经过 NAT(发送节点及途中都要如此),或者创建隧道设备时不使用 UDP 校验和(noudpcsum)。`,
    },
    patch: null,
  };
}
