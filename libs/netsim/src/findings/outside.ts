/** Findings of packets that left the nodes: for pods, for Services, with sources that nobody can answer. */
import {
  familyOf,
  formatIp,
  formatPrefix,
  type IpAddress,
  maskAddress,
  type Prefix,
  parsePrefix,
  prefixContains,
  type XtChain,
  type XtRule,
} from '@netverdict/linux-net';
import type { Evidence } from '@netverdict/verdict';
import { type CompiledRuleset, toolOf } from '../netfilter/ruleset.ts';
import { innermost, protocolName } from '../packet/packet.ts';
import type { World } from '../world/world.ts';
import { editChain, editRuleset } from './edit.ts';
import { change, type Derived, nameOf, onPlace, type Situation } from './finding.ts';
import { policyRoute, routeDrift } from './route.ts';
import { deadHop } from './route-hops.ts';

export function outsideNoRoute(s: Situation<'outside-no-route'>): Derived {
  const { ns, world, stop, cause } = s;
  if (cause.target === 'source') return masqueradeMissing(s);
  const inner = innermost(stop.packet);
  if (cause.target === 'pod') {
    const drift = ns ? (policyRoute(s, ns, inner.destination) ?? routeDrift(world, ns, inner.destination)) : null;
    if (drift) return drift;
    const hop = ns ? deadHop(ns, stop.packet.destination, cause.via, cause.link?.ifindex ?? null) : null;
    if (hop) return hop;
  }
  if (cause.target === 'service' && ns) return serviceUnknown(s);
  return {
    code: 'NV-OUTSIDE-NO-ROUTE',
    params: { address: formatIp(inner.destination) },
    remedy: {
      command: null,
      on: null,
      en: 'Nothing is broken: pod and Service addresses are not meant for the outside. Expose the Service by a NodePort, a LoadBalancer or an Ingress.',
      zh: '这不是故障:Pod 和 Service 的地址本来就不对外。请通过 NodePort、LoadBalancer 或 Ingress 暴露服务。',
    },
    patch: null,
  };
}

function serviceUnknown(s: Situation<'outside-no-route'>): Derived {
  const { world, stop, ns } = s;
  const address = formatIp(stop.packet.destination);
  const service = world.map.services.find((x) => x.clusterIps.includes(address));
  const protocol = protocolName(stop.packet.protocol);
  const port = stop.packet.dport ?? 0;
  if (!service)
    return {
      code: 'NV-ADDRESS-UNUSED',
      params: { address, where: nameOf(ns) },
      remedy: {
        command: null,
        on: null,
        en: 'No Service has this address: look up the address that it has now.',
        zh: '没有 Service 使用这个地址:请查询它当前的地址。',
      },
      patch: null,
    };
  const name = `${service.namespace}/${service.name}`;
  const known = service.ports.some((p) => p.port === port && p.protocol.toLowerCase() === protocol);
  const ports = service.ports.map((p) => `${p.port}/${p.protocol.toLowerCase()}`).join(', ');
  if (!known)
    return {
      code: 'NV-SERVICE-PORT-UNKNOWN',
      params: {
        service: name,
        address,
        port,
        protocol,
        ports: ports || '–',
      },
      // The object itself, which lacks the port: what the packet met on the nodes proves nothing of it.
      evidence: [
        {
          section: null,
          kind: 'service',
          line: null,
          text: `Service ${name}: clusterIP ${address}, ports ${ports || 'none'}`,
        },
      ],
      remedy: {
        command: null,
        on: null,
        en: `Use one of the ports of Service ${name}, or add the port to it.`,
        zh: `请使用 Service ${name} 已有的端口,或在其中添加该端口。`,
      },
      patch: null,
    };
  return {
    code: 'NV-SERVICE-NOT-PROGRAMMED',
    params: { where: nameOf(ns), service: name, address, port },
    remedy: {
      command: null,
      on: onPlace(ns),
      en: `Restart kube-proxy on ${nameOf(ns)}, and see in its log why the rules are not written.`,
      zh: `请重启 ${nameOf(ns)} 上的 kube-proxy,并查看其日志,弄清规则为何没有写入。`,
    },
    patch: null,
  };
}

function masqueradeMissing(s: Situation<'outside-no-route'>): Derived {
  const { ns, world, stop } = s;
  const { packet } = stop;
  const cluster = clusterCidr(world, packet.source);
  const ruleset = ns?.net.rulesets[packet.family].find(
    (r) => r.known && (r.value.tables.get('nat')?.chains.get('POSTROUTING')?.rules.length ?? 0) > 0,
  );
  const compiled = ruleset?.known ? ruleset.value : undefined;
  const cidr = cluster && formatPrefix(cluster);
  const text = `POSTROUTING -s ${cidr} ! -d ${cidr} -j MASQUERADE`;
  return {
    code: 'NV-MASQUERADE-MISSING',
    params: { where: nameOf(ns), address: formatIp(packet.destination), source: formatIp(packet.source) },
    ...(ns ? { at: ns } : {}),
    ...(compiled ? { evidence: natRules(compiled, packet.source) } : {}),
    remedy: {
      command: cluster && compiled ? `${toolOf(compiled)} -t nat -A ${text}` : null,
      on: onPlace(ns),
      en: 'Gives packets that leave the cluster the node’s address. The network plugin ought to have this rule (Flannel: --ip-masq); restarting it writes it again.',
      zh: '让离开集群的数据包使用节点的地址。网络插件本应有这条规则(Flannel 为 --ip-masq),重启它会重新写入。',
    },
    patch:
      cluster && compiled
        ? change(ns, (state) =>
            editRuleset(state, compiled, (source) =>
              editChain(source, 'nat', 'POSTROUTING', (chain) => withMasquerade(chain, cluster, `-A ${text}`)),
            ),
          )
        : null,
  };
}

/** What would have to translate the source, all of it: that none of it does is what has to be seen. */
function natRules({ tables, section, sectionKind }: CompiledRuleset, source: IpAddress): Evidence[] {
  const chains = [...(tables.get('nat')?.chains.values() ?? [])];
  const translating = chains.flatMap(({ rules }) =>
    rules.filter(({ target }) => target?.kind === 'masquerade' || target?.kind === 'snat'),
  );
  const of = { section: section?.digest ?? null, kind: sectionKind, at: section?.at ?? null };
  const none = `nat: no rule translates packets from ${formatIp(source)} to there${translating.length > 0 ? ', these do not match' : ''}`;
  return [{ ...of, line: null, text: none }, ...translating.map(({ line, text }) => ({ ...of, line, text }))];
}

/** The prefix that holds the pods of all nodes: a smaller one would have pods of other nodes see the node instead of the pod. */
function clusterCidr(world: World, source: IpAddress): Prefix | null {
  const parsed = (texts: readonly string[]): Prefix[] =>
    texts.flatMap((text) => {
      const cidr = parsePrefix(text);
      return cidr.ok && cidr.value.family === familyOf(source) ? [cidr.value] : [];
    });
  const nodes = parsed(world.map.nodes.flatMap((node) => node.podCidrs));
  const holds = (cidr: Prefix): boolean =>
    prefixContains(cidr, source) && nodes.every((node) => prefixContains(cidr, node.address));
  return parsed(world.map.podCidrs).find(holds) ?? null;
}

function withMasquerade(chain: XtChain, cluster: Prefix, text: string): XtChain {
  const full = typeof cluster.address === 'number' ? 0xffffffff : (1n << 128n) - 1n;
  const value = { address: cluster.address, mask: maskAddress(full as IpAddress, cluster.length) };
  const rule: XtRule = {
    number: chain.rules.length + 1,
    line: -1,
    text,
    matches: [
      { kind: 'source', negate: false, value },
      { kind: 'destination', negate: true, value },
    ],
    target: { kind: 'masquerade', ports: null, random: false, randomFully: false },
    comment: null,
  };
  return { ...chain, rules: [...chain.rules, rule] };
}

export function replyMismatch(s: Situation<'reply-mismatch'>): Derived {
  const { stop, cause } = s;
  const end = (address: string, port: number | null): string => (port === null ? address : `${address}:${port}`);
  return {
    code: 'NV-REPLY-UNTRANSLATED',
    params: {
      actual: end(formatIp(stop.packet.source), stop.packet.sport),
      expected: end(formatIp(cause.expected.source), cause.expected.sport),
    },
    remedy: {
      command: null,
      on: null,
      en: 'The answer must pass the node that replaced the address. On one node this is usually bridge-nf-call-iptables being off; between nodes a masquerade that is missing.',
      zh: '应答必须经过替换地址的那个节点。在同一节点上,原因通常是 bridge-nf-call-iptables 未开启;跨节点时通常是缺少 masquerade。',
    },
    patch: null,
  };
}
