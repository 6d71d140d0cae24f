/**
 * Findings of size. What a remedy sets is right at once, to the byte: it is found by simulating with the change, not by
 * adding what the one packet lacked. Which of the devices on the way is wrong tells the sender's own: what it may send has to pass.
 */
import { type Flow, formatPrefix, type Link, type Route } from '@netverdict/linux-net';
import type { Branch } from '@netverdict/verdict';
import { evaluateWithin } from '../evaluate.ts';
import { sized, sizeLimit } from '../largest-size.ts';
import { lengthOf } from '../packet/packet.ts';
import { citeLink } from '../trace/evidence.ts';
import type { Budget } from '../walk/budget.ts';
import { patchNamespace, type World, type WorldNamespace } from '../world/world.ts';
import { editLink } from './edit.ts';
import { change, type Derived, nameOf, onPlace, type Situation } from './finding.ts';
import { editRoute, writeRoute } from './route-hops.ts';

interface Device {
  readonly ns: WorldNamespace;
  readonly link: Link;
}

interface Passed extends Device {
  /** What a tunnel's headers take of its MTU. */
  readonly overhead: number;
}

export function tooBig(s: Situation<'too-big'>): Derived {
  const { ns, cause, stop } = s;
  if (ns && cause.route) return routeMtu(ns, cause.route, s);
  const silent = ns !== undefined && cause.silent === true;
  const limit = silent ? cause.link.mtuBytes : cause.limitBytes;
  const where = nameOf(ns);
  return {
    code: silent ? 'NV-MTU-FAR-END' : 'NV-MTU-EXCEEDED',
    params: { size: lengthOf(stop.packet), dev: cause.link.name, where, limit },
    // The same device is the same finding, whichever packet met it.
    listed: 'size',
    ...(silent ? { evidence: [citeLink(ns, cause.link)] } : {}),
    ...mend(s, limit),
  };
}

/** What is assumed where no device is changed: packets that fit. What else is in their way? */
const smaller =
  (most: number): NonNullable<Derived['patch']> =>
  (before) => ({ ...before, flow: withSize(before.flow, Math.min(before.flow.sizeBytes, most)) });

/** Bigger packets get answers as before; those of smaller ones are as small, where nothing else is known of them. */
const withSize = (flow: Flow, sizeBytes: number): Flow => ({
  ...flow,
  sizeBytes,
  ...(sizeBytes > flow.sizeBytes ? { answerBytes: flow.answerBytes ?? flow.sizeBytes } : {}),
});

function mend(s: Situation<'too-big'>, limit: number): Pick<Derived, 'remedy' | 'patch'> {
  const { world, flow, cause, stop, ns, budget } = s;
  // A tunnel's packet is as much bigger than the one within as its headers take.
  const overhead = stop.packet.payload === null ? 0 : Math.max(0, stop.packet.sizeBytes - flow.sizeBytes);
  const now = fitting(budget, world, flow) ?? limit - overhead;
  const sender = stop.direction === 'forward' ? senderOf(s) : null;
  if (ns === undefined || sender === null) return { remedy: lessEverywhere(ns, now), patch: smaller(now) };
  const own = sender.ns.key === ns.key && sender.link.ifindex === cause.link.ifindex && overhead === 0;
  const wanted = own ? flow.sizeBytes : Math.max(flow.sizeBytes, sender.link.mtuBytes);
  const reached = fitting(budget, withMtu(world, { ns, link: cause.link }, wanted + overhead), flow);
  const way = (at: World, size: number): { en: string; zh: string } => wayText({ ...s, world: at }, size);

  // This device alone is in the way of what the sender may send.
  if (reached !== null && (own ? reached > now : reached >= wanted)) {
    const most = Math.min(reached, wanted);
    const mtu = most + overhead;
    const there = way(withMtu(world, { ns, link: cause.link }, mtu), most);
    return {
      remedy: {
        command: `ip link set ${cause.link.name} mtu ${mtu}`,
        on: onPlace(ns),
        en: `Packets of ${most} bytes pass then; until now ${cause.link.name} had ${cause.link.mtuBytes}${cause.silent ? ', and both ends of a link have to have the same' : ''}. The network plugin's configuration keeps it for new pods.${there.en}`,
        zh: `之后 ${most} 字节的数据包可以通过;目前 ${cause.link.name} 为 ${cause.link.mtuBytes}${cause.silent ? ',而链路两端的 MTU 必须一致' : ''}。修改网络插件的配置可对新建的 Pod 生效。${there.zh}`,
      },
      patch: (before) => ({
        world: withMtu(before.world, { ns, link: cause.link }, mtu),
        flow: withSize(
          before.flow,
          own ? Math.min(before.flow.sizeBytes, most) : Math.max(before.flow.sizeBytes, most),
        ),
      }),
    };
  }
  const there = way(world, now);
  if (!own && sender.link.mtuBytes > now) {
    const { link } = sender;
    const name = nameOf(sender.ns);
    return {
      remedy: {
        command: `ip link set ${link.name} mtu ${now}`,
        on: onPlace(sender.ns),
        en: `${name} sends packets of up to ${link.mtuBytes} bytes (${link.name}), and the way takes ${now}: this sets ${link.name} to that. The network plugin's configuration keeps it for new pods.${there.en}`,
        zh: `${name} 的 ${link.name} 为 ${link.mtuBytes},会发送这么大的数据包,而路径只允许 ${now}:此命令把 ${link.name} 设为 ${now}。修改网络插件的配置可对新建的 Pod 生效。${there.zh}`,
      },
      patch: (before) => ({
        world: withMtu(before.world, sender, now),
        flow: withSize(before.flow, Math.min(before.flow.sizeBytes, now)),
      }),
    };
  }
  return {
    remedy: {
      command: null,
      on: null,
      en: `Nothing is set wrong: ${sender.link.name} of ${nameOf(sender.ns)} is set to what the whole way takes. Send packets of up to ${now} bytes, as TCP does by itself; bigger ones need a bigger MTU on the nodes' network first, then on the pods'.${there.en}`,
      zh: `没有设置错误:${nameOf(sender.ns)} 的 ${sender.link.name} 与整条路径一致。请发送不超过 ${now} 字节的数据包(TCP 会自动如此);要发送更大的包,须先调大节点网络的 MTU,再调大 Pod 的。${there.zh}`,
    },
    patch: smaller(now),
  };
}

function lessEverywhere(ns: WorldNamespace | undefined, limit: number): Derived['remedy'] {
  return {
    command: null,
    on: onPlace(ns),
    en: `Send packets of up to ${limit} bytes, or give the sender's device that MTU: who sends them is outside of what was read.`,
    zh: `请发送不超过 ${limit} 字节的数据包,或把发送方设备的 MTU 设为该值:发送方不在已采集的范围内。`,
  };
}

const withMtu = (world: World, { ns, link }: Device, mtuBytes: number): World =>
  patchNamespace(world, ns.key, (state) => editLink(state, link, (l) => ({ ...l, mtuBytes })));

/** The device by which the packets leave their sender. */
function senderOf({ world, flow, branch, cause, ns, stop }: Situation<'too-big'>): Device | null {
  if (flow.source.kind !== 'namespace') return null;
  const from = world.namespaces.get(flow.source.namespace);
  if (from === undefined) return null;
  if (ns?.key === from.key && !cause.silent && stop.packet.payload === null) return { ns: from, link: cause.link };
  return devicesOf(world, branch).find((device) => device.ns.key === from.key) ?? null;
}

/** The devices that the packet passed on its way there, in order. */
function devicesOf(world: World, { hops }: Branch): Passed[] {
  const found: Passed[] = [];
  let inner = 0;
  let overhead = 0;
  for (const { place, direction, steps } of hops) {
    const ns = world.namespaces.get(place as WorldNamespace['key']);
    if (direction !== 'forward' || ns === undefined || !ns.net.state.links.known) continue;
    for (const { kind, detail, packet } of steps) {
      const link = ns.net.state.links.value.find(({ name }) => name === detail.dev);
      const known = found.some((device) => device.ns.key === ns.key && device.link.ifindex === link?.ifindex);
      if (link !== undefined && link.detail.kind !== 'loopback' && !known) found.push({ ns, link, overhead });
      if (kind === 'origin') inner = packet?.sizeBytes ?? inner;
      if (kind === 'encapsulate' && packet !== undefined) overhead = packet.sizeBytes - inner;
      if (kind === 'decapsulate') overhead = 0;
    }
  }
  return found;
}

/**
 * The largest packet that passes, and fits every device: without the four bytes that a link's far end takes above its MTU, and
 * without a tunnel's packets being cut.
 */
function fitting(budget: Budget, world: World, flow: Flow): number | null {
  const limit = sizeLimit(budget, world, flow);
  if (limit === null) return null;
  const { branches } = evaluateWithin(budget, world, sized(flow, limit.bytes), {});
  const devices = branches.flatMap(({ branch }) => devicesOf(world, branch));
  return Math.min(limit.bytes, ...devices.map(({ link, overhead }) => link.mtuBytes - overhead));
}

/** ` On the way: shop/cart eth0 1500; node-1 cni0 1450, …`: of the packet that passes, on the way that this one took. */
function wayText({ world, flow, branch, budget }: Situation<'too-big'>, size: number): { en: string; zh: string } {
  const chosen = (of: Branch): string => JSON.stringify(of.choices.map(({ label }) => label));
  const { branches } = evaluateWithin(budget, world, sized(flow, size), {});
  const same = branches.find((one) => chosen(one.branch) === chosen(branch)) ?? branches[0];
  const places = new Map<string, string[]>();
  for (const { ns, link } of same === undefined ? [] : devicesOf(world, same.branch))
    places.set(nameOf(ns), [...(places.get(nameOf(ns)) ?? []), `${link.name} ${link.mtuBytes}`]);
  if (places.size === 0) return { en: '', zh: '' };
  const text = [...places].map(([place, devices]) => `${place} ${devices.join(', ')}`).join('; ');
  return { en: ` On the way: ${text}.`, zh: `沿途:${text}。` };
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
