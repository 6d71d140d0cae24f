/** Findings of size, of address translation without an address, and of what is not known. */
import { formatIp, formatPrefix, type Route } from '@netverdict/linux-net';
import { lengthOf } from '../packet/packet.ts';
import { citeLink } from '../trace/evidence.ts';
import type { WorldNamespace } from '../world/world.ts';
import { editLink } from './edit.ts';
import { change, type Derived, nameOf, onPlace, type Situation } from './finding.ts';
import { editRoute, writeRoute } from './route-hops.ts';

export function tooBig(s: Situation<'too-big'>): Derived {
  const { ns, cause, stop } = s;
  if (ns && cause.route) return routeMtu(ns, cause.route, s);
  if (ns && cause.silent) return farEndMtu(ns, s);
  return {
    code: 'NV-MTU-EXCEEDED',
    params: { size: stop.packet.sizeBytes, dev: cause.link.name, where: nameOf(ns), limit: cause.limitBytes },
    remedy: {
      command: null,
      on: onPlace(ns),
      en: `Set the MTU of the pods' network to ${cause.limitBytes} or less in the network plugin's configuration, and recreate the pods; or send smaller packets.`,
      zh: `请在网络插件配置中把 Pod 网络的 MTU 设为不超过 ${cause.limitBytes},并重建 Pod;或者发送更小的数据包。`,
    },
    // A packet that fits: what else is in its way?
    patch: (before) => ({
      ...before,
      flow: {
        ...before.flow,
        sizeBytes: Math.min(before.flow.sizeBytes - (stop.packet.sizeBytes - cause.limitBytes), 576),
      },
    }),
  };
}

/** A route that says less than its device takes. */
function routeMtu(ns: WorldNamespace, route: Route, { cause, stop }: Situation<'too-big'>): Derived {
  const cidr = route.destination.length === 0 ? 'default' : formatPrefix(route.destination);
  return {
    code: 'NV-ROUTE-MTU',
    params: { size: stop.packet.sizeBytes, cidr, where: nameOf(ns), limit: cause.limitBytes },
    remedy: {
      command: route.nhid === null ? writeRoute(ns, route, route.nexthops) : null,
      on: onPlace(ns),
      en: `Writes the route to ${cidr} without an MTU of its own: that of the device counts then. Somebody set it on purpose, perhaps since the path beyond takes no more.`,
      zh: `重新写入通往 ${cidr} 的路由,不带单独的 MTU:之后以设备的 MTU 为准。它可能是因为后续路径不支持更大的数据包而有意设置的。`,
    },
    patch: change(ns, (state) => editRoute(state, route, (r) => ({ ...r, mtuBytes: null, mtuLocked: false }))),
  };
}

/** is_skb_forwardable: the two ends of a link differ, and the smaller one throws away what it does not take. */
function farEndMtu(ns: WorldNamespace, { cause, stop }: Situation<'too-big'>): Derived {
  const { link } = cause;
  const size = lengthOf(stop.packet);
  return {
    code: 'NV-MTU-FAR-END',
    params: { size, dev: link.name, where: nameOf(ns), limit: link.mtuBytes },
    evidence: [citeLink(ns, link)],
    remedy: {
      command: `ip link set ${link.name} mtu ${size}`,
      on: onPlace(ns),
      en: `Gives ${link.name} an MTU that takes such packets; both ends of a link have to have the same one. The network plugin's configuration keeps it for new pods.`,
      zh: `把 ${link.name} 的 MTU 调大到可容纳这样的数据包;链路两端的 MTU 必须一致。修改网络插件的配置可对新建的 Pod 生效。`,
    },
    patch: change(ns, (state) => editLink(state, link, (l) => ({ ...l, mtuBytes: size }))),
  };
}

export const natNoSource = (s: Situation<'nat-no-source'>): Derived => ({
  code: 'NV-NAT-NO-SOURCE',
  params: { where: nameOf(s.ns), dev: s.cause.link.name },
  remedy: {
    command: null,
    on: onPlace(s.ns),
    en: `Give ${s.cause.link.name} an address, or route the packets over a device that has one.`,
    zh: `请为 ${s.cause.link.name} 配置地址,或让数据包走有地址的设备。`,
  },
  patch: null,
});

export const nodeUnavailable = (s: Situation<'node-unavailable'>): Derived => ({
  code: 'NV-NODE-UNREADABLE',
  params: { node: s.cause.node, reason: s.cause.reason },
  remedy: {
    command: null,
    on: s.cause.node,
    en: `See whether the agent on ${s.cause.node} runs and is connected; then ask again.`,
    zh: `请检查 ${s.cause.node} 上的 agent 是否在运行并已连接,然后重新诊断。`,
  },
  patch: null,
});

export function need(s: Situation<'need'>): Derived {
  const { need: wanted } = s.cause;
  const place =
    wanted.kind === 'pod'
      ? `${wanted.namespace}/${wanted.pod} (${wanted.node})`
      : wanted.kind === 'node'
        ? wanted.node
        : `${wanted.node}, namespace ${wanted.inode}`;
  return { code: 'NV-NOT-COLLECTED', params: { place }, remedy: null, patch: null };
}

export const unknown = (s: Situation<'unknown'>): Derived => ({
  code: 'NV-UNKNOWN-DECIDES',
  params: {
    where: s.cause.missing.node ?? formatIp(s.stop.packet.destination),
    what: s.cause.missing.text,
    whatZh: s.cause.missing.zh,
  },
  evidence: s.cause.missing.evidence,
  remedy: null,
  patch: null,
});
