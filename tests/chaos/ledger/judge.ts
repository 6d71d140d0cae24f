/**
 * What became of everything that was accepted: the ledgers of asker and receiver against what the api says in the end. Pure. Each number is
 * counted over the ledger's lines; none is the difference of two others.
 */
import type { Asked } from './asker-main.ts';
import type { Told } from './receiver-main.ts';

/** What the api says of a diagnosis; null: it does not know it. */
export interface Ended {
  readonly status: string;
  readonly outcome: string | null;
  readonly problem: string | null;
}

export interface Counts {
  readonly asked: number;
  readonly accepted: number;
  /** Answered with an error that is no invitation to try again. */
  readonly refused: number;
  readonly verdicts: number;
  /** Of the verdicts: says that something is not known, and what. */
  readonly undetermined: number;
  /** Of the verdicts: not what the recorded state gives. */
  readonly wrong: number;
  readonly failures: number;
  /** Of the failures: the deadline passed. */
  readonly gaveUp: number;
  /** Of the failures: neither that nor what the question deserves. */
  readonly broke: number;
  /** Neither a verdict nor a stated failure. */
  readonly lost: number;
  readonly twoIdsForOneKey: number;
  readonly webhooksWanted: number;
  readonly webhooksMissing: number;
  /** Came more often than once, under the same id: that may be. */
  readonly webhooksRepeated: number;
  readonly webhooksUnderTwoIds: number;
  /** Of no accepted diagnosis, of another end than it had, at another's address, or not signed. */
  readonly webhooksInvented: number;
}

export const REGISTERED = '/registered';
export const callbackPath = (key: string): string => `/callback/${key}`;

export function judge(
  lines: readonly Asked[],
  answers: readonly string[],
  ends: ReadonlyMap<string, Ended | null>,
  told: readonly Told[],
): Counts {
  const accepted = lines.flatMap((line) => ('id' in line ? [line] : []));
  const count = { verdicts: 0, undetermined: 0, wrong: 0, failures: 0, gaveUp: 0, broke: 0, lost: 0 };
  for (const { id, question } of accepted) {
    const end = ends.get(id) ?? null;
    const answer = answers[question];
    if (end?.status === 'completed') {
      count.verdicts++;
      if (end.outcome === 'undetermined') count.undetermined++;
      else if (end.outcome !== answer) count.wrong++;
    } else if (end?.status === 'failed' && end.problem !== null) {
      count.failures++;
      if (end.problem === 'deadline-exceeded' || end.problem === 'cluster-away') count.gaveUp++;
      else if (`failed: ${end.problem}` !== answer) count.broke++;
    } else count.lost++;
  }
  const ids = new Map<string, Set<string>>();
  for (const { key, id } of accepted) ids.set(key, (ids.get(key) ?? new Set()).add(id));
  return {
    asked: new Set(lines.map(({ key }) => key)).size,
    accepted: accepted.length,
    refused: lines.filter((line) => 'refused' in line).length,
    ...count,
    twoIdsForOneKey: [...ids.values()].filter((each) => each.size > 1).length,
    ...webhooks(accepted, ends, told),
  };
}

type WebhookCounts = Pick<Counts, Extract<keyof Counts, `webhooks${string}`>>;

function webhooks(
  accepted: readonly { readonly key: string; readonly id: string }[],
  ends: ReadonlyMap<string, Ended | null>,
  told: readonly Told[],
): WebhookCounts {
  const wanted = new Set(accepted.flatMap(({ key, id }) => [`${callbackPath(key)} ${id}`, `${REGISTERED} ${id}`]));
  const came = new Map<string, Map<string, number>>();
  let invented = 0;
  for (const { path, diagnosis, webhookId, type, signed } of told) {
    const what = `${path} ${diagnosis}`;
    const end = ends.get(diagnosis);
    if (!signed || !wanted.has(what) || type !== `diagnosis.${end?.status}`) {
      invented++;
      continue;
    }
    const ids = came.get(what) ?? new Map<string, number>();
    came.set(what, ids.set(webhookId, (ids.get(webhookId) ?? 0) + 1));
  }
  const each = [...came.values()];
  return {
    webhooksWanted: wanted.size,
    webhooksMissing: [...wanted].filter((what) => !came.has(what)).length,
    webhooksRepeated: each.filter((ids) => [...ids.values()].some((times) => times > 1)).length,
    webhooksUnderTwoIds: each.filter((ids) => ids.size > 1).length,
    webhooksInvented: invented,
  };
}

/** What must not be, in words; empty: the run is good. @param mayGiveUp how many diagnoses may pass their deadline */
export function complaints(counts: Counts, wanted: number, mayGiveUp: number): string[] {
  const never = [
    'refused',
    'lost',
    'wrong',
    'broke',
    'twoIdsForOneKey',
    'webhooksMissing',
    'webhooksUnderTwoIds',
    'webhooksInvented',
  ] as const satisfies readonly (keyof Counts)[];
  return [
    ...never.flatMap((name) => (counts[name] === 0 ? [] : [`${name}: ${counts[name]}`])),
    ...(counts.gaveUp > mayGiveUp ? [`gaveUp: ${counts.gaveUp}, at most ${mayGiveUp} may`] : []),
    ...(counts.accepted === wanted ? [] : [`accepted: ${counts.accepted} of ${wanted}`]),
  ];
}
