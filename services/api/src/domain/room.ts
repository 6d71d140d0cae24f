/**
 * How much may be under way: of all diagnoses that are not finished, and of one token's. A token may have as many open as there are places free: alone it gets half of
 * them, and n that ask without end get an equal share each and leave one more free for whoever comes next. So that no answer waits behind one that never stops asking.
 */
import type { DiagnosisQueries } from '@netverdict/store';
import { ProblemError } from '../http/problems.ts';

export interface Room {
  /** @throws ProblemError 429 */
  admit(tokenId: string): Promise<void>;
}

/** Counted anew after this; between, each replica adds what it accepts itself. */
const COUNT_MS = 500;

export const mayOpen = (mine: number, all: number, limit: number): boolean => mine < limit - all;

export function createRoom(
  diagnoses: Pick<DiagnosisQueries, 'openByToken'>,
  limit: number,
  now: () => number = () => performance.now(),
): Room {
  let open = new Map<string, number>();
  let all = 0;
  let countedAt = Number.NEGATIVE_INFINITY;
  let counting: Promise<void> | null = null;

  async function count(): Promise<void> {
    const counted = await diagnoses.openByToken();
    open = new Map(counted);
    all = [...open.values()].reduce((sum, n) => sum + n, 0);
    countedAt = now();
  }
  return {
    async admit(tokenId) {
      if (now() - countedAt > COUNT_MS) {
        counting ??= count().finally(() => {
          counting = null;
        });
        await counting;
      }
      const mine = open.get(tokenId) ?? 0;
      if (!mayOpen(mine, all, limit))
        throw new ProblemError({
          type: 'too-many-open-diagnoses',
          status: 429,
          title: 'Too many diagnoses are under way',
          detail: `Of ${limit} diagnoses that may be open at once ${all} are, ${mine} of them this token's. Ask again when some are finished.`,
          headers: { 'retry-after': '2' },
        });
      open.set(tokenId, mine + 1);
      all++;
    },
  };
}
