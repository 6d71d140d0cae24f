/** The verdict when the state that it rests on does not hold still: what was found stays, its certainty does not. */
import type { Diagnosis } from '@netverdict/verdict';

export function undeterminedChanging(diagnosis: Diagnosis): Diagnosis {
  const { source, destination } = diagnosis.context;
  return {
    ...diagnosis,
    verdict: {
      outcome: 'undetermined',
      share: { reachable: 0, unreachable: 0, undetermined: 1 },
      summary: {
        en: `Undetermined: what decides whether ${source} reaches ${destination} changed each time it was read. Something is rewriting rules or routes right now; ask again when it is done.`,
        zh: `无法确定:决定 ${source} 能否访问 ${destination} 的内核状态在每次读取时都不相同,说明规则或路由正在被改写。请稍后再次诊断。`,
      },
    },
  };
}
