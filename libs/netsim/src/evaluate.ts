/** One question to the world: what becomes of this flow? All its fates, with their traces. */
import type { Flow, NamespaceKey, Need } from '@netverdict/linux-net';
import type { Branch, Disposition, Shares, Trace } from '@netverdict/verdict';
import { rulesOfAll } from './answer/pieces.ts';
import type { Packet } from './packet/packet.ts';
import { Budget, DEFAULT_MAX_WORK } from './walk/budget.ts';
import type { Missing } from './walk/choices.ts';
import { explore } from './walk/explore.ts';
import type { Lens } from './walk/lens.ts';
import type { Arrived, Heard, RuleMet, ToldOfAnswer } from './walk/observable.ts';
import { summarize } from './walk/outcome.ts';
import type { Stop } from './walk/stop.ts';
import type { Manner, Walk } from './walk/walk.ts';
import type { World } from './world/world.ts';

export interface EvaluateOptions {
  /** Most branches that are followed; what is left is reported as `unexamined`. Default 256. */
  readonly maxBranches?: number;
  /** Most work (stages passed and rules looked at, over all branches); what is left is reported as `unexamined`. */
  readonly maxWork?: number;
  /**
   * Ways count as the same only if neither end could tell them apart: by what the sender hears and what arrives. Else it is
   * enough that they come to the same end. The rules met on other ways to the same are in `otherwise`.
   */
  readonly observed?: boolean;
  /** Every packet is traced, as the judge's are, which hashes it where it first meets a rule. Default false. */
  readonly traced?: boolean;
  /** Is told of every meaning that is used, and may turn its answer round. */
  readonly lens?: Lens;
  /** False: every rule of a chain is asked, one by one. To compare with. Default true. */
  readonly indexes?: boolean;
}

const mannerOf = ({ indexes = true, traced = false }: EvaluateOptions): Pick<Manner, 'indexes' | 'traced'> => ({
  indexes,
  traced,
});

export interface EvaluatedBranch {
  readonly branch: Branch;
  /** Why it ended; null when the packet and its reply arrived. */
  readonly stop: Stop | null;
  /** Unknowns on its way that decide the outcome. */
  readonly deciding: readonly Missing[];
  /** The namespace that took the packet and answered; null when none did, or a host outside. */
  readonly answeredBy: NamespaceKey | null;
  /** The packet as it left the cluster; null when it did not. */
  readonly left: Packet | null;
  /** As the receiver's socket got it; null when none did. */
  readonly arrived: Arrived | null;
  readonly heard: Heard;
  /** The error or RST that somebody sent about the packet, whether or not the sender heard it. */
  readonly told: Packet | null;
  /** So often `told` counts where routers count the errors of their routes: for each piece of the packet. */
  readonly refusals: number;
  /** What the answerer was told of its answer, which did not come through. */
  readonly toldOfAnswer: ToldOfAnswer | null;
  readonly rulesMet: readonly RuleMet[];
  /** It goes in circles that draw lots, and was followed for some turns only: what it meets in the others is not among `rulesMet`. */
  readonly leftInCircle: boolean;
  /** Other answers to unknowns that do not decide the outcome: what else may be seen on the way to it. */
  readonly otherwise: readonly Seen[];
}

/** What can be seen from outside. */
export type Seen = Pick<EvaluatedBranch, 'arrived' | 'heard' | 'told' | 'rulesMet'>;

export interface Evaluation {
  readonly trace: Trace;
  readonly branches: readonly EvaluatedBranch[];
  /** What the world lacked; the branches that met it ended in insufficient-info. */
  readonly needs: readonly Need[];
  /** Unknowns that decide the outcome; those that do not matter are not here. */
  readonly unknowns: readonly Missing[];
  readonly shares: Shares;
  readonly unexamined: number;
}

/** What becomes of the flow, and nothing of how. */
export interface Verdict {
  readonly shares: Shares;
  readonly unexamined: number;
  readonly fates: readonly {
    readonly disposition: Disposition;
    /** Of new connections; null below an unknown that decides. */
    readonly share: number | null;
    readonly answeredBy: NamespaceKey | null;
    readonly arrived: Arrived | null;
    readonly heard: Heard;
  }[];
}

/** The same walk as `evaluate`'s without its story: no step is made and no text is written. For questions by the ten thousand. */
export function verdictOf(world: World, flow: Flow, options: EvaluateOptions = {}): Verdict {
  const budget = new Budget(options.maxWork ?? DEFAULT_MAX_WORK);
  const { leaves, shares, unexamined } = summarize(
    explore(world, flow, options.maxBranches ?? 256, budget, options.lens ?? null, {
      ...mannerOf(options),
      telling: false,
    }),
  );
  return {
    shares,
    unexamined,
    fates: leaves.map(({ run: { walk }, disposition, share }) => ({
      disposition,
      share,
      answeredBy: walk.answeredBy,
      arrived: walk.arrived,
      heard: walk.heard,
    })),
  };
}

/** Throws where the flow's addresses are no addresses: a bug of the caller. */
export function evaluate(world: World, flow: Flow, options: EvaluateOptions = {}): Evaluation {
  return evaluateWithin(new Budget(options.maxWork ?? DEFAULT_MAX_WORK), world, flow, options);
}

/** As `evaluate`, out of a budget that other evaluations of the same question share. */
export function evaluateWithin(budget: Budget, world: World, flow: Flow, options: EvaluateOptions): Evaluation {
  const summary = summarize(
    explore(world, flow, options.maxBranches ?? 256, budget, options.lens ?? null, mannerOf(options)),
    options.observed,
  );
  const branches = summary.leaves.map((leaf, i): EvaluatedBranch => {
    const { walk, stop } = leaf.run;
    return {
      branch: {
        id: `b${i + 1}`,
        share: leaf.share,
        disposition: leaf.disposition,
        ended: stop ? stop.direction : 'reply',
        choices: walk.labels(),
        hops: walk.recorder.hops(),
      },
      stop,
      deciding: leaf.deciding,
      answeredBy: walk.answeredBy,
      left: walk.left,
      ...seenOf(walk),
      refusals: walk.refusals,
      toldOfAnswer: walk.toldOfAnswer,
      leftInCircle: walk.leftInCircle,
      otherwise: leaf.otherwise.map((run) => seenOf(run.walk)),
    };
  });
  return {
    trace: { branches: branches.map((b) => b.branch) },
    branches,
    needs: distinct(
      branches.flatMap((b) => (b.stop?.cause.kind === 'need' ? [b.stop.cause.need] : [])),
      (need) => JSON.stringify(need),
    ),
    unknowns: distinct(
      branches.flatMap((b) => b.deciding),
      unknownKey,
    ),
    shares: summary.shares,
    unexamined: summary.unexamined,
  };
}

const seenOf = (walk: Walk): Seen => ({
  arrived: walk.arrived,
  heard: walk.heard,
  told: walk.told,
  rulesMet: rulesSeen(walk),
});

function rulesSeen({ seenByEnds, errors, rulesMet }: Walk): readonly RuleMet[] {
  if (errors) return rulesOfAll(rulesMet, errors);
  return seenByEnds === null ? rulesMet : rulesMet.slice(0, seenByEnds);
}

/** The same unknown is met by many branches, each of which says it anew. */
export const unknownKey = (missing: Missing): string => `${missing.place} ${missing.text}`;

function distinct<T>(values: readonly T[], keyOf: (value: T) => string): readonly T[] {
  return [...new Map(values.map((value) => [keyOf(value), value])).values()];
}
