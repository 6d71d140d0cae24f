/** A sender that is not told that its packets are too big goes on sending them: path MTU discovery ends in a black hole. */
import type { Flow } from '@netverdict/linux-net';
import { FINDING_CODES, type Finding } from '@netverdict/verdict';
import { reactionTo } from '../answer/from-cause.ts';
import type { Evaluation } from '../evaluate.ts';
import type { World } from '../world/world.ts';
import { nameOf } from './finding.ts';

/** Where the message is lost the trace tells; a rule that drops ICMP is the usual one. */
export function errorsLost(world: World, flow: Flow, evaluation: Evaluation): readonly Finding[] {
  const found = new Map<string, Finding>();
  for (const { branch, stop, heard } of evaluation.branches) {
    if (stop?.cause.kind !== 'too-big' || stop.cause.silent || stop.direction !== 'forward') continue;
    // Of its own packet a host tells the program, not the network.
    if (flow.source.kind === 'namespace' && stop.place === flow.source.namespace) continue;
    if (heard.kind !== 'silence' || stop.packet.payload !== null) continue;
    if (reactionTo(stop.cause, { packet: stop.packet, byIp: true }).do !== 'icmp') continue;
    const ns = stop.place === null ? undefined : world.namespaces.get(stop.place);
    const key = `${stop.place} ${stop.cause.limitBytes}`;
    found.set(key, {
      code: 'NV-MTU-ERROR-LOST',
      severity: FINDING_CODES['NV-MTU-ERROR-LOST'].severity,
      hop: stop.place ?? 'outside',
      node: stop.node,
      direction: 'reply',
      branches: [...(found.get(key)?.branches ?? []), branch.id],
      params: { where: nameOf(ns), limit: stop.cause.limitBytes },
      evidence: stop.evidence,
      remedy: {
        command: null,
        on: null,
        en: 'Let ICMP “fragmentation needed” (type 3, code 4) and ICMPv6 “packet too big” (type 2) through on the way back to the sender: the trace and the rules of the hosts on it show what drops them.',
        zh: '请在返回发送方的路径上放行 ICMP“需要分片”(类型 3,代码 4)和 ICMPv6“数据包过大”(类型 2):查看路径中各主机的规则,找出丢弃它们的规则。',
        proven: false,
      },
    });
  }
  return [...found.values()];
}
