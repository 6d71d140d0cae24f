/** Why nobody can tell certain mutants of sets of addresses from the model. */
import { type Explanation, gap, same } from './explanation.ts';

export const OF_IPSET: readonly Explanation[] = [
  same(
    'ipset/contains.ts',
    'what is kept for the end of the list is the same answer',
    "if (here === 'in') return 'in';",
  ),
  same('ipset/entry.ts', 'a member without an end is kept apart for its size alone', [
    'if (timeoutSeconds === null',
    '=== → !==',
  ]),
  gap('ipset/entry.ts', 'no member is read with exactly ten seconds left', 'if (entry.secondsLeft !== null'),
  gap(
    'ipset/tries.ts',
    'of types with two networks this kernel has none, and an address beside a network is listed alone',
    'const networks =',
    'for (const wanted of',
    'const difference =',
  ),
  gap(
    'ipset/tries.ts',
    'this kernel has no set of marks (hash:ip,mark)',
    "else if (part.kind === 'mark')",
    'found = nest.get((probe.mark',
  ),
].flat();
