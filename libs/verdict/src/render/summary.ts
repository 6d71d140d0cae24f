/** The first line: it answers, and nobody has to read the second to know yes or no. */
import type { Text } from '../findings/finding.ts';
import type { Outcome, Shares, VerdictContext } from '../verdict.ts';
import { closedUp, endNameZh } from './end-name.ts';
import { connectionsShare } from './fraction.ts';

export interface Remarks {
  /** Who answers instead of the one that was named. */
  readonly answeredBy: string | null;
  /** Addresses of the packets that leave the cluster. */
  readonly leaves: { readonly to: string; readonly as: string } | null;
  /** Where an entry of connection tracking was there for it: the connection that was judged is an existing one. */
  readonly existing: string | null;
  /** Nothing but the packets' size is in the way; `fits`: the largest that passes, where that can be told. */
  readonly tooBig?: { readonly sizeBytes: number; readonly fits: number | null };
}

const NO_REMARKS: Remarks = { answeredBy: null, leaves: null, existing: null };

/**
 * @param missing what would have to be known, for an undetermined verdict: one clause in each language, or null.
 * @param remarks what has to be said besides where it is reachable.
 */
export function summarize(
  outcome: Outcome,
  share: Shares,
  context: VerdictContext,
  missing: Text | null,
  remarks: Remarks = NO_REMARKS,
): Text {
  const { en } = verdictText(outcome, share, context, missing, remarks);
  const named = { source: endNameZh(context.source), destination: endNameZh(context.destination) };
  const text = { en, zh: closedUp(verdictText(outcome, share, named, missing, remarks).zh) };
  if (remarks.existing === null) return text;
  return {
    en: `${text.en} This is about the connection that ${remarks.existing} knows already, not a new one.`,
    zh: `${text.zh}以上针对 ${remarks.existing} 上已有的连接,而不是新连接。`,
  };
}

function verdictText(
  outcome: Outcome,
  share: Shares,
  context: VerdictContext,
  missing: Text | null,
  remarks: Remarks,
): Text {
  const { source, destination } = context;
  const { tooBig } = remarks;
  if (tooBig && (outcome === 'unreachable' || outcome === 'partially-reachable')) {
    const { sizeBytes, fits } = tooBig;
    const some = outcome === 'partially-reachable';
    return {
      en: `${some ? 'Some packets' : 'Packets'} of ${sizeBytes} bytes from ${source} do not reach ${destination}${fits === null ? '; smaller ones do' : `; those of up to ${fits} bytes do`}.`,
      zh: `${source} 发往 ${destination} 的 ${sizeBytes} 字节数据包${some ? '有一部分' : ''}无法到达;${fits === null ? '较小的' : `不超过 ${fits} 字节的`}可以。`,
    };
  }
  switch (outcome) {
    case 'reachable':
      if (remarks.answeredBy)
        return {
          en: `${source} is answered when it connects to ${destination}, but by ${remarks.answeredBy}.`,
          zh: `${source} 访问 ${destination} 有应答,但应答者是 ${remarks.answeredBy}。`,
        };
      if (remarks.leaves)
        return {
          en: `${source} gets out to ${destination}: the packets leave the cluster towards ${remarks.leaves.to} with the source address ${remarks.leaves.as}; what lies beyond is not seen.`,
          zh: `${source} 发往 ${destination} 的数据包可以离开集群(目的地址 ${remarks.leaves.to},源地址 ${remarks.leaves.as});集群之外的情况无法看到。`,
        };
      return {
        en: `${source} reaches ${destination}, there and back.`,
        zh: `${source} 可以访问 ${destination},往返都通。`,
      };
    case 'unreachable':
      return { en: `${source} does not reach ${destination}.`, zh: `${source} 无法访问 ${destination}。` };
    case 'partially-reachable': {
      const unsure = share.undetermined > 0;
      return {
        en: `${connectionsShare(share.unreachable, 'en')} from ${source} to ${destination} fail${unsure ? ', and what becomes of some is not known' : ''}.`,
        zh: `${source} 访问 ${destination} 时,${connectionsShare(share.unreachable, 'zh')}失败${unsure ? ',另有一部分结果未知' : ''}。`,
      };
    }
    case 'undetermined':
      return {
        en: `Undetermined: whether ${source} reaches ${destination} can't be told${missing ? `: ${missing.en}` : ''}.`,
        zh: `无法确定 ${source} 能否访问 ${destination}${missing ? `:${missing.zh}` : ''}。`,
      };
  }
}
