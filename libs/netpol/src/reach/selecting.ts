/** Which policies select a pod, without asking each: most name a label with its value. */
import type { NetworkPolicy } from '../policy.ts';
import { type Labels, selects } from '../selector.ts';

/** @param policies of one namespace. @returns those that select a pod with these labels, in their order */
export function selecting(policies: readonly NetworkPolicy[]): (labels: Labels) => readonly NetworkPolicy[] {
  const byLabel = new Map<string, number[]>();
  const others: number[] = [];
  policies.forEach(({ pods }, i) => {
    const named = pods.requirements.find(({ operator, values }) => operator === 'In' && values.length === 1);
    if (!named) {
      others.push(i);
      return;
    }
    const label = `${named.key}=${named.values[0]}`;
    const there = byLabel.get(label);
    if (there) there.push(i);
    else byLabel.set(label, [i]);
  });
  return (labels) => {
    const candidates = [...others];
    for (const [key, value] of labels) candidates.push(...(byLabel.get(`${key}=${value}`) ?? []));
    return candidates
      .sort((a, b) => a - b)
      .flatMap((i) => {
        const policy = policies[i];
        return policy && selects(policy.pods, labels) ? [policy] : [];
      });
  };
}
