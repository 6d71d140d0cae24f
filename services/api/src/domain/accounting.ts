/** Sums of the accounts set against each other, by node (and minute). */
import type { AccountingDocument, KernelAccount } from '@netverdict/contracts';
import type { AccountSums, Counts } from '@netverdict/store';

function kernelAccount(counts: Counts): KernelAccount {
  const { seen, filtered, sampledAway, lostKernel, elsewhere, lostSidecar, reported, missed } = counts;
  const held = seen - filtered - sampledAway - lostKernel - elsewhere - lostSidecar - reported;
  return { seen, filtered, sampledAway, lostKernel, elsewhere, lostSidecar, reported, missed, held };
}

function added(a: KernelAccount, b: KernelAccount): KernelAccount {
  return Object.fromEntries(
    (Object.keys(a) as (keyof KernelAccount)[]).map((name) => [name, a[name] + b[name]]),
  ) as KernelAccount;
}

const NOTHING: KernelAccount = {
  ...{
    seen: 0,
    filtered: 0,
    sampledAway: 0,
    lostKernel: 0,
    elsewhere: 0,
    lostSidecar: 0,
    reported: 0,
    missed: 0,
    held: 0,
  },
};

const placeOf = ({ cluster, node, minute = '' }: AccountSums): string => [cluster, node, minute].join('\0');

/** In the order of the sums. */
export function accountingDocuments(sums: readonly AccountSums[]): AccountingDocument[] {
  return [...Map.groupBy(sums, placeOf).values()].flatMap((rows) => {
    const [first] = rows;
    if (first === undefined) return [];
    const probes = rows
      .filter(({ probe }) => probe !== '')
      .map(({ probe, counts }) => ({ probe, account: kernelAccount(counts) }));
    const kernel = probes.map(({ account }) => account).reduce(added, NOTHING);
    const own = rows.find(({ probe }) => probe === '')?.counts;
    const { reported = 0, stored = 0, lostSpool = 0, lostBus = 0, deadLetter = 0, duplicate = 0 } = own ?? {};
    const inFlight = reported - stored - lostSpool - lostBus - deadLetter;
    return {
      cluster: first.cluster,
      node: first.node,
      minute: first.minute ?? null,
      balanced: kernel.held === 0 && inFlight === 0,
      kernel,
      pipeline: {
        ...{ reported, stored, lostSpool, lostBus, deadLetter, inFlight, duplicate },
        batches: own?.batches ?? 0,
        rows: own?.rows ?? 0,
      },
      probes,
    };
  });
}
