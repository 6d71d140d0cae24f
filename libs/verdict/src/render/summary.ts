/** The first line: it answers, and nobody has to read the second to know yes or no. */
import type { Text } from '../findings/finding.ts';
import type { Outcome, Shares, VerdictContext } from '../verdict.ts';
import { connectionsShare } from './fraction.ts';

/**
 * @param missing what would have to be known, for an undetermined verdict: one clause in each language, or null.
 */
export function summarize(outcome: Outcome, share: Shares, context: VerdictContext, missing: Text | null): Text {
  const { source, destination } = context;
  switch (outcome) {
    case 'reachable':
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
