/** What is not known and decides, and what a budget left out: findings too, so that nobody takes silence for good news. */
import { FINDING_CODES, type Finding } from '@netverdict/verdict';
import { type Evaluation, evaluateWithin, unknownKey } from '../evaluate.ts';
import type { Budget } from '../walk/budget.ts';
import type { Missing } from '../walk/choices.ts';
import { change, nameOf, onPlace, type Patched } from './finding.ts';

export function undecided(
  at: Patched,
  evaluation: Evaluation,
  findings: readonly Finding[],
  budget: Budget,
): readonly Finding[] {
  const said = new Set(findings.map((f) => JSON.stringify(f.params)));
  const branchesOf = new Map<string, string[]>();
  for (const { branch, deciding } of evaluation.branches)
    for (const key of new Set(deciding.map(unknownKey)))
      branchesOf.set(key, [...(branchesOf.get(key) ?? []), branch.id]);
  const list = evaluation.unknowns.map((missing): Finding => {
    const branches = branchesOf.get(unknownKey(missing)) ?? [];
    return missing.kind === 'conntrack-full'
      ? tableFull(at, missing, branches, budget)
      : {
          code: 'NV-UNKNOWN-DECIDES',
          severity: FINDING_CODES['NV-UNKNOWN-DECIDES'].severity,
          hop: missing.place,
          node: missing.node,
          direction: 'forward',
          branches,
          params: { where: missing.node ?? missing.place, what: missing.text, whatZh: missing.zh },
          evidence: missing.evidence,
          remedy: null,
        };
  });
  if (evaluation.unexamined > 0)
    list.push({
      code: 'NV-UNEXAMINED',
      severity: FINDING_CODES['NV-UNEXAMINED'].severity,
      hop: 'outside',
      node: null,
      direction: 'forward',
      branches: [],
      params: { percent: Math.round(evaluation.unexamined * 1000) / 10 },
      evidence: [],
      remedy: null,
    });
  return list.filter((f) => !said.has(JSON.stringify(f.params)));
}

/** Whether the kernel finds an entry to give up cannot be told; a bigger table settles it. */
function tableFull(at: Patched, missing: Missing, branches: readonly string[], budget: Budget): Finding {
  const ns = at.world.namespaces.get(missing.place);
  const table = ns?.net.state.conntrackTable;
  const { count, max } = table?.known ? table.value : { count: 0, max: 0 };
  const patch = change(ns, (state) => ({
    ...state,
    ...(table?.known ? { conntrackTable: { ...table, value: { count, max: max * 2 } } } : {}),
  }));
  const after = patch?.(at);
  const proven =
    after !== undefined &&
    !evaluateWithin(budget, after.world, after.flow, {}).unknowns.some((u) => unknownKey(u) === unknownKey(missing));
  return {
    code: 'NV-CONNTRACK-FULL',
    severity: FINDING_CODES['NV-CONNTRACK-FULL'].severity,
    hop: missing.place,
    node: missing.node,
    direction: 'forward',
    branches,
    params: { where: nameOf(ns), count, max, what: missing.text, whatZh: missing.zh },
    evidence: missing.evidence,
    remedy: {
      command: `sysctl -w net.netfilter.nf_conntrack_max=${max * 2}`,
      on: onPlace(ns),
      en: 'Makes the table twice as large (about 320 bytes of memory for an entry) until the next restart; kube-proxy sets it by --conntrack-max-per-core. See what makes so many connections: conntrack -S, conntrack -L.',
      zh: '把表扩大一倍(每条记录约占 320 字节内存),重启后失效;kube-proxy 通过 --conntrack-max-per-core 设置。请查明是什么产生了这么多连接:conntrack -S、conntrack -L。',
      proven,
    },
  };
}
