/** What a diagnosis says of the incident that asked for it. Pure. */
import type { DiagnosisDocument, IncidentVerdict, IncidentVerdictState } from '@netverdict/contracts';
import { type Finding, findingText, type Text } from '@netverdict/verdict';
import type { Question } from './question.ts';

export interface Judgement {
  readonly state: IncidentVerdictState;
  readonly verdict: IncidentVerdict;
}

const MOST_FINDINGS = 8;
const ORDER: readonly Finding['severity'][] = ['blocking', 'degrading', 'suspicious', 'info'];

export const textOf = (finding: Finding): Text => ({ en: findingText(finding, 'en'), zh: findingText(finding, 'zh') });

/** One cause has one name, from whichever flow it was met: what decides, where. Without the place in a list, which changes. */
export const causeOf = ({ code, hop, evidence }: Finding): string => [code, hop, evidence[0]?.text ?? ''].join(' | ');

export function judgementOf(document: DiagnosisDocument, question: Question): Judgement {
  const asked = { question: question.request, packet: question.packet };
  const answeredAt = document.finishedAt;
  if (document.status === 'failed' || document.verdict === null) {
    const problem = document.problem;
    const why =
      problem === null ? document.message : `${problem.title}${problem.detail === '' ? '' : `: ${problem.detail}`}`;
    return { state: 'failed', verdict: { ...nothing(sentenceOfFailure(why)), ...asked, answeredAt } };
  }
  const { outcome, share, summary } = document.verdict;
  const findings = [...document.findings].sort((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity));
  const blocking = findings.filter(({ severity }) => severity === 'blocking');
  const [first] = blocking;
  const state = first !== undefined ? 'explained' : outcome === 'reachable' ? 'no-more' : 'undetermined';
  const ends = { from: document.context?.source ?? '?', to: document.context?.destination ?? '?' };
  return {
    state,
    verdict: {
      sentence: first !== undefined ? textOf(first) : state === 'no-more' ? noMore(ends) : summary,
      ...asked,
      outcome,
      reachableShare: share.reachable,
      findings: findings.slice(0, MOST_FINDINGS).map((finding) => ({
        code: finding.code,
        severity: finding.severity,
        hop: finding.hop,
        node: finding.node,
        direction: finding.direction,
        text: textOf(finding),
        evidence: finding.evidence[0]?.text ?? null,
        remedy:
          finding.remedy === null
            ? null
            : {
                command: finding.remedy.command,
                on: finding.remedy.on,
                text: { en: finding.remedy.en, zh: finding.remedy.zh },
                proven: finding.remedy.proven,
              },
      })),
      cause: first === undefined ? null : causeOf(first),
      answeredAt,
    },
  };
}

const nothing = (sentence: Text): IncidentVerdict => ({
  sentence,
  question: null,
  packet: null,
  outcome: null,
  reachableShare: null,
  findings: [],
  cause: null,
  answeredAt: null,
});

const sentenceOfFailure = (why: string): Text => ({
  en: `It could not be diagnosed: ${why}`,
  zh: `无法诊断:${why}`,
});

const noMore = ({ from, to }: { readonly from: string; readonly to: string }): Text => ({
  en: `The nodes' state of now explains it no more: a connection from ${from} to ${to} works by it. What failed is over, or no configuration shows it.`,
  zh: `节点当前的状态已无法解释:按此状态,从 ${from} 到 ${to} 的连接是通的。故障已经过去,或者不在任何配置中。`,
});

/** The api took no such question, or cannot be reached. */
export const notAnswered = (question: Question, why: string): Judgement => ({
  state: 'failed',
  verdict: { ...nothing(sentenceOfFailure(why)), question: question.request, packet: question.packet },
});

export const notAskable: Judgement = {
  state: 'not-askable',
  verdict: nothing({
    en: 'No packet of it is known with both of its ends, so there is no connection to ask about.',
    zh: '没有任何已知的数据包同时带有两端地址,因此没有可以查询的连接。',
  }),
};
