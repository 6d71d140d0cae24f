/** An answer in words: what decided, for someone who has never read a policy. */
import { describeEnd } from '../cluster.ts';
import type { Answer, Decision, Direction, Miss, PolicyFlow } from '../evaluate/answer.ts';
import { policyName } from '../policy.ts';
import { ruleInWords, type Words } from './rules.ts';

/** One sentence that answers. */
export function headline(flow: PolicyFlow, answer: Answer): Words {
  const from = describeEnd(flow.source);
  const to = describeEnd(flow.destination);
  const what = `${flow.protocol} ${flow.port}`;
  if (answer.allowed === null)
    return {
      en: `Whether policies let ${from} reach ${to} on ${what} is not known.`,
      zh: `无法确定策略是否允许 ${from} 访问 ${to} 的 ${what}。`,
    };
  if (answer.allowed)
    return { en: `Policies let ${from} reach ${to} on ${what}.`, zh: `策略允许 ${from} 访问 ${to} 的 ${what}。` };
  const way = answer.egress.allowed === false ? 'egress' : 'ingress';
  return {
    en: `Policies forbid ${from} to reach ${to} on ${what}: ${way === 'egress' ? `what ${from} may send` : `what ${to} takes in`} is limited.`,
    zh: `策略禁止 ${from} 访问 ${to} 的 ${what}:${way === 'egress' ? `${from} 的出站流量` : `${to} 的入站流量`}受到限制。`,
  };
}

/** Line by line: egress of the source, then ingress of the destination. */
export const explain = (flow: PolicyFlow, answer: Answer): readonly Words[] => [
  ...inDirection(flow, answer.egress, 'egress'),
  ...inDirection(flow, answer.ingress, 'ingress'),
];

function inDirection(flow: PolicyFlow, decision: Decision, direction: Direction): readonly Words[] {
  const who = describeEnd(direction === 'egress' ? flow.source : flow.destination);
  const way =
    direction === 'egress' ? { en: `Out of ${who}`, zh: `${who} 出站` } : { en: `Into ${who}`, zh: `${who} 入站` };
  const say = (en: string, zh: string): Words => ({ en: `${way.en}: ${en}`, zh: `${way.zh}:${zh}` });
  switch (decision.kind) {
    case 'exempt':
      return [say(EXEMPT[decision.why].en, EXEMPT[decision.why].zh)];
    case 'not-isolated':
      return [say('no policy is about it, so everything passes.', '没有相关策略,全部放行。')];
    case 'allowed-by-rules':
      return decision.rules.map(({ policy, rule, index }) => {
        const words = ruleInWords(rule, policy.namespace, direction);
        const where = `${policyName(policy)}, ${direction}[${index}]`;
        return say(`allowed by ${where}: ${words.en}.`, `由 ${where} 放行:${words.zh}。`);
      });
    case 'denied-by-isolation': {
      const names = decision.policies.map(policyName).join(', ');
      return [
        say(
          `denied. ${names} ${decision.policies.length === 1 ? 'lets' : 'let'} only pass what a rule allows, and none allows this.`,
          `拒绝。${names} 只放行规则允许的流量,而没有规则允许它。`,
        ),
        ...decision.misses.map((miss) => missed(miss, direction)),
      ];
    }
    case 'tier': {
      const { policy, rule, index } = decision.by;
      const words = ruleInWords(rule, null, direction);
      const where = `${policy.kind} ${policy.name}, ${direction}[${index}]${rule.name === null ? '' : ` "${rule.name}"`}`;
      return [
        decision.allowed
          ? say(`allowed by ${where}: ${words.en}.`, `由 ${where} 放行:${words.zh}。`)
          : say(`denied by ${where}: ${words.en}.`, `由 ${where} 拒绝:${words.zh}。`),
      ];
    }
    case 'unknown':
      return [
        say(`not known: it depends on ${decision.what.join(', ')}.`, `无法确定:取决于 ${decision.what.join(', ')}。`),
      ];
  }
}

const EXEMPT = {
  'not-a-pod': { en: 'it is no pod, so policies are not about it.', zh: '不是 Pod,策略不适用。' },
  self: { en: 'a pod always reaches itself.', zh: 'Pod 始终可以访问自身。' },
  'own-node': { en: 'a pod’s own node always reaches it.', zh: 'Pod 所在的节点始终可以访问它。' },
} as const;

const BECAUSE = {
  peer: { en: 'is about other peers', zh: '针对其他对端' },
  port: { en: 'is about other ports', zh: '针对其他端口' },
  'peer and port': { en: 'is about other peers and ports', zh: '针对其他对端和端口' },
} as const;

function missed({ policy, rule, index, because }: Miss, direction: Direction): Words {
  const words = ruleInWords(rule, policy.namespace, direction);
  const where = `${policyName(policy)}, ${direction}[${index}]`;
  return {
    en: `  ${where} ${BECAUSE[because].en}: ${words.en}.`,
    zh: `  ${where} ${BECAUSE[because].zh}:${words.zh}。`,
  };
}
