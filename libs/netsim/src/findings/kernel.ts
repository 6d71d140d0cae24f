/** Findings of switches of the kernel: forwarding, reverse path, martians, echo. */
import { formatIp } from '@netverdict/linux-net';
import type { WorldNamespace } from '../world/world.ts';
import { expectedRoute } from './expected-route.ts';
import { change, type Derived, nameOf, onPlace, type Situation } from './finding.ts';
import { routeDrift } from './route.ts';

/** `net/ipv4/conf/flannel.1/rp_filter` as sysctl(8) takes it: slashes, since device names may hold dots. */
const setCommand = (path: string, value: number): string =>
  path.includes('/conf/') ? `sysctl -w ${path}=${value}` : `sysctl -w ${path.replaceAll('/', '.')}=${value}`;

const setSysctls = (ns: WorldNamespace | undefined, values: Readonly<Record<string, string>>): Derived['patch'] =>
  change(ns, (state) =>
    state.sysctls.known
      ? { ...state, sysctls: { ...state.sysctls, value: new Map([...state.sysctls.value, ...Object.entries(values)]) } }
      : state,
  );

export function forwardingOff(s: Situation<'forwarding-off'>): Derived {
  const { ns, cause } = s;
  const pod = ns?.kind === 'pod';
  const all = cause.sysctl === 'net/ipv4/ip_forward';
  const values: Record<string, string> = { [cause.sysctl]: '1' };
  if (all && ns) for (const link of ns.net.linkByIndex.values()) values[`net/ipv4/conf/${link.name}/forwarding`] = '1';
  return {
    code: 'NV-IP-FORWARD-OFF',
    params: {
      where: nameOf(ns),
      sysctl: cause.sysctl.replaceAll('/', '.'),
      address: formatIp(s.stop.packet.destination),
    },
    remedy: pod
      ? {
          command: null,
          on: onPlace(ns),
          en: 'A pod is not meant to forward: find out why the packet was sent there.',
          zh: 'Pod 不应转发数据包:请查明数据包为何被送到那里。',
        }
      : {
          command: setCommand(cause.sysctl, 1),
          on: onPlace(ns),
          en: 'Switches forwarding on until the next restart; put it into /etc/sysctl.d/ to keep it. Pods of a node need it.',
          zh: '开启转发,重启后失效;写入 /etc/sysctl.d/ 可永久保留。节点上的 Pod 需要转发功能。',
        },
    patch: pod ? null : setSysctls(ns, values),
  };
}

export function rpFilter(s: Situation<'rp-filter'>): Derived {
  const { ns, cause } = s;
  const path = `net/ipv4/conf/${cause.iif.name}/rp_filter`;
  const found = {
    code: 'NV-RP-FILTER',
    params: {
      where: nameOf(ns),
      address: formatIp(s.stop.packet.source),
      dev: cause.iif.name,
      expected: cause.expected ?? 'no device',
      sysctl: cause.sysctl.replaceAll('/', '.'),
      mode: cause.mode,
    },
  } as const;
  if (cause.loosely !== 'passes') return { ...found, ...wayBack(s) };
  return {
    ...found,
    remedy: {
      command: setCommand(path, 2),
      on: onPlace(ns),
      en: `Checks loosely on ${cause.iif.name} (the larger of the two settings counts). If the two ways are not meant to differ, mend the route back instead.`,
      zh: `在 ${cause.iif.name} 上改为宽松检查(两个设置中取较大者)。如果往返路径本不应不同,请改为修复返回路由。`,
    },
    patch: setSysctls(ns, { [path]: '2' }),
  };
}

/** Where the loose check refuses as well, only the route back mends it: its command is known where the cluster tells which it is. */
function wayBack({ world, ns, cause, stop }: Situation<'rp-filter'>): Pick<Derived, 'remedy' | 'patch'> {
  const { source } = stop.packet;
  const address = formatIp(source);
  const dev = cause.iif.name;
  const expected = ns ? expectedRoute(world, ns, source) : null;
  const anyDevice = cause.loosely === 'no-way-back' && cause.mode !== 1;
  const drift = ns && expected && (anyDevice || expected.dev === cause.iif) ? routeDrift(world, ns, source) : null;
  const words = anyDevice
    ? {
        en: `The check is loose already, and lets in only who a route leads back to: give the host a route to ${address}, over any device.`,
        zh: `检查已是宽松模式,但仍要求存在返回路由:请为主机添加通往 ${address} 的路由,经任何设备均可。`,
      }
    : cause.loosely === 'no-way-back'
      ? {
          en: `No route leads back to ${address}, and the loose check wants one too: give the host a route to ${address} over ${dev}.`,
          zh: `没有通往 ${address} 的返回路由,宽松检查同样要求有:请为主机添加经 ${dev} 通往 ${address} 的路由。`,
        }
      : {
          en: `${dev} has no IPv4 address: there the loose check, too, wants the route back to ${address} to lead out by ${dev}. Mend that route, or give ${dev} an address${cause.mode === 1 ? ' and check loosely' : ''}.`,
          zh: `${dev} 没有 IPv4 地址:此时宽松检查也要求通往 ${address} 的返回路由经 ${dev}。请修复该路由,或为 ${dev} 配置地址${cause.mode === 1 ? '并改为宽松检查' : ''}。`,
        };
  return {
    remedy: { command: drift?.remedy?.command ?? null, on: onPlace(ns), ...words },
    patch: drift?.remedy?.command ? drift.patch : null,
  };
}

export function martian(s: Situation<'martian'>): Derived {
  const { ns, cause, stop } = s;
  const source = formatIp(stop.packet.source);
  const destination = formatIp(stop.packet.destination);
  const why = {
    'source-is-own': { en: `their source ${source} is its own address`, zh: `源地址 ${source} 是它自己的地址` },
    'loopback-source': { en: `their source ${source} is a loopback address`, zh: `源地址 ${source} 是回环地址` },
    'loopback-destination': {
      en: `their destination ${destination} is a loopback address`,
      zh: `目的地址 ${destination} 是回环地址`,
    },
    'bad-source': { en: `their source ${source} cannot be a sender's`, zh: `源地址 ${source} 不可能属于发送者` },
    'bad-destination': {
      en: `their destination ${destination} cannot be a host's`,
      zh: `目的地址 ${destination} 不可能属于任何主机`,
    },
    'link-local-source': {
      en: `their source ${source} is valid on its own link only`,
      zh: `源地址 ${source} 仅在其所在链路内有效`,
    },
    'not-unicast': {
      en: `their destination ${destination} is not a single host's`,
      zh: `目的地址 ${destination} 不是单播地址`,
    },
    'hop-limit': {
      en: `their hop limit is ${stop.packet.ttl}, where neighbour discovery must have 255: a rule has changed it`,
      zh: `其跳数限制为 ${stop.packet.ttl},而邻居发现必须为 255:有规则修改了它`,
    },
  }[cause.why];
  const path = `net/ipv4/conf/${cause.iif.name}/route_localnet`;
  const params = { where: nameOf(ns), dev: cause.iif.name };
  const loopback = cause.why === 'loopback-source' || cause.why === 'loopback-destination';
  // IPv6 has no such switch.
  if (loopback && stop.packet.family === 'ipv4')
    return {
      code: 'NV-LOOPBACK-FROM-OUTSIDE',
      params: { ...params, why: why.en, whyZh: why.zh },
      remedy: {
        command: setCommand(path, 1),
        on: onPlace(ns),
        en: 'Lets loopback addresses in from that device. That opens services bound to 127.0.0.1 to the network: rather make the service listen elsewhere.',
        zh: '允许回环地址从该设备进入。这会把只绑定 127.0.0.1 的服务暴露到网络:更好的办法是让服务监听其他地址。',
      },
      patch: setSysctls(ns, { [path]: '1' }),
    };
  if (cause.why === 'source-is-own')
    return {
      code: 'NV-SOURCE-IS-OWN',
      params: { ...params, address: source },
      remedy: {
        command: null,
        on: onPlace(ns),
        en: 'Usually an address translation is missing (a pod that reaches itself through a Service needs its source masqueraded), or two hosts have one address.',
        zh: '通常是缺少地址转换(Pod 通过 Service 访问自身时需要对源地址做 masquerade),或者两台主机使用了同一个地址。',
      },
      patch: null,
    };
  return {
    code: 'NV-MARTIAN',
    params: { ...params, why: why.en, whyZh: why.zh },
    remedy: {
      command: null,
      on: onPlace(ns),
      en: 'No host may send from or to such an address: see which translation (SNAT, DNAT) or program gave it to the packets.',
      zh: '任何主机都不应使用这样的源或目的地址:请查明是哪条地址转换规则(SNAT、DNAT)或哪个程序给出了它。',
    },
    patch: null,
  };
}

export function echoIgnored(s: Situation<'echo-ignored'>): Derived {
  const { sysctl: path } = s.cause;
  return {
    code: 'NV-ECHO-IGNORED',
    params: { where: nameOf(s.ns) },
    remedy: { command: setCommand(path, 0), on: onPlace(s.ns), en: 'Answers pings again.', zh: '恢复对 ping 的回应。' },
    patch: setSysctls(s.ns, { [path]: '0' }),
  };
}
