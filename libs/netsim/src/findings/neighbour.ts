/** Findings of next hops that nobody answers for, and of addresses that no pod has. */
import { formatIp, type IpAddress } from '@netverdict/linux-net';
import type { Evidence, Step } from '@netverdict/verdict';
import { innermost } from '../packet/packet.ts';
import { nodeOfPodAddress, type WorldNamespace } from '../world/world.ts';
import { change, type Derived, nameOf, onPlace, type Situation } from './finding.ts';
import { routeDrift } from './route.ts';
import { neighbourCommand, vteps, withNeighbour } from './vtep.ts';

export function neighbour(s: Situation<'neighbour' | 'frame-lost'>): Derived {
  const { ns, world, cause } = s;
  const destination = innermost(s.stop.packet).destination;
  const drift = ns ? (routeDrift(world, ns, s.stop.packet.destination) ?? routeDrift(world, ns, destination)) : null;
  if (drift) return drift;
  const gone = ns ? goneAddress(s, ns, cause.address ?? destination) : null;
  if (gone) return gone;
  const address = cause.address ?? destination;
  if (cause.kind === 'frame-lost') return wrongMac(s, address, cause.mac);
  const vtep = ns ? vteps(world, ns, cause.link).find((v) => v.gateway === address) : undefined;
  return {
    code: 'NV-NEIGHBOUR-UNRESOLVED',
    params: { where: nameOf(ns), address: formatIp(address), dev: cause.link.name },
    remedy: vtep
      ? {
          command: neighbourCommand(vtep, cause.link.name),
          on: onPlace(ns),
          en: `Puts back the entry for the tunnel end of ${vtep.node}; restarting the network plugin on the node does the same.`,
          zh: `恢复 ${vtep.node} 隧道端点的表项;重启该节点上的网络插件也有同样效果。`,
        }
      : {
          command: null,
          on: onPlace(ns),
          en: `See whether a host with the address ${formatIp(address)} is up and on the network of ${cause.link.name}.`,
          zh: `请检查拥有地址 ${formatIp(address)} 的主机是否在线,并且与 ${cause.link.name} 在同一网络。`,
        },
    patch: vtep ? change(ns, (state) => withNeighbour(state, cause.link, vtep)) : null,
  };
}

function wrongMac(s: Situation<'neighbour' | 'frame-lost'>, address: IpAddress, mac: string): Derived {
  const { ns, cause } = s;
  return {
    code: 'NV-NEIGHBOUR-WRONG',
    params: { where: nameOf(ns), address: formatIp(address), mac: mac || '?', dev: cause.link.name },
    remedy: {
      command: `ip neigh del ${formatIp(address)} dev ${cause.link.name}`,
      on: onPlace(ns),
      en: 'Deletes the wrong entry; the kernel asks again and learns the right one.',
      zh: '删除错误的表项;内核会重新询问并学到正确的地址。',
    },
    patch: change(ns, (state) =>
      state.neighbours.known
        ? {
            ...state,
            neighbours: {
              ...state.neighbours,
              value: state.neighbours.value.filter((n) => n.address !== address || n.dev !== cause.link.ifindex),
            },
          }
        : state,
    ),
  };
}

/** A pod address that no pod has: by a Service rule that is out of date, or as the user's own destination. */
function goneAddress(s: Situation, ns: WorldNamespace, address: IpAddress): Derived | null {
  const { world, flow } = s;
  const owner = nodeOfPodAddress(world, address);
  const nodesOwn = [...world.namespaces.values()].some((other) => other.net.own.has(address));
  if (owner === null || owner !== ns.node || nodesOwn || world.podByAddress.has(address)) return null;
  const rule =
    formatIp(address) === flow.destination.address
      ? null
      : dnatRule(
          s.branch.hops.flatMap((hop) => hop.steps.map((step) => ({ step, node: hop.node }))),
          formatIp(address),
        );
  if (!rule)
    return {
      code: 'NV-ADDRESS-UNUSED',
      params: { address: formatIp(address), where: nameOf(ns) },
      remedy: {
        command: null,
        on: null,
        en: 'Look up the address that the pod has now.',
        zh: '请查询该 Pod 当前的地址。',
      },
      patch: null,
    };
  const at = world.namespaces.get(`${rule.node}/host`);
  return {
    code: 'NV-DNAT-STALE',
    params: { where: rule.node, address: formatIp(address) },
    listed: 'address',
    ...(at ? { at } : {}),
    evidence: rule.evidence,
    remedy: {
      command: null,
      on: null,
      en: `Restart kube-proxy on ${rule.node} (or see in its log why it does not follow the changes): it writes the rules anew. Deleting single rules would unbalance the others.`,
      zh: `请重启 ${rule.node} 上的 kube-proxy(或查看其日志,弄清为何没有跟上变化),它会重新写入规则。单独删除某条规则会破坏其余规则的比例。`,
    },
    patch: null,
  };
}

function dnatRule(
  steps: readonly { step: Step; node: string | null }[],
  address: string,
): { node: string; evidence: readonly Evidence[] } | null {
  for (const { step, node } of steps) {
    const found = step.steps?.find((sub) => sub.kind === 'rule' && sub.text.includes(`destination becomes ${address}`));
    if (found) return { node: node ?? '?', evidence: found.evidence ?? [] };
  }
  return null;
}
