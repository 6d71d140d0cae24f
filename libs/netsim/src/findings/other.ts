/** Findings of address translation without an address, and of what is not known. */
import { formatIp } from '@netverdict/linux-net';
import { type Derived, nameOf, onPlace, type Situation } from './finding.ts';

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
