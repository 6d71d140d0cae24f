import { expect, test } from 'vitest';
import type { Asked } from './asker-main.ts';
import { callbackPath, complaints, type Ended, judge, REGISTERED } from './judge.ts';
import type { Told } from './receiver-main.ts';

const ANSWERS = ['reachable', 'failed: unknown-pod'];
const asked = (n: number, question = 0): Asked => ({ key: `k${n}`, question, id: `dg_${n}`, tries: 1 });
const completed = (outcome = 'reachable'): Ended => ({ status: 'completed', outcome, problem: null });
const failed = (problem: string): Ended => ({ status: 'failed', outcome: null, problem });
const told = (n: number, change: Partial<Told> = {}): Told[] =>
  [callbackPath(`k${n}`), REGISTERED].map((path, i) => ({
    webhookId: `msg_${n}-${i}`,
    path,
    type: 'diagnosis.completed',
    diagnosis: `dg_${n}`,
    signed: true,
    ...change,
  }));
const ends = (...list: readonly (Ended | null)[]): Map<string, Ended | null> =>
  new Map(list.map((end, n) => [`dg_${n}`, end]));

test('a run in which all is answered and told gives no reason to complain', () => {
  const failure = told(1, { type: 'diagnosis.failed' });
  const counts = judge([asked(0), asked(1, 1)], ANSWERS, ends(completed(), failed('unknown-pod')), [
    ...told(0),
    ...told(0),
    ...failure,
  ]);
  expect(complaints(counts, 2, 0)).toEqual([]);
  expect(counts).toMatchObject({ verdicts: 1, failures: 1, webhooksWanted: 4, webhooksRepeated: 2 });
});

test.each<[string, Asked[], Map<string, Ended | null>, Told[], string[]]>([
  ['one that the api does not know', [asked(0)], ends(null), told(0), ['lost: 1', 'webhooksInvented: 2']],
  ['one that is still under way', [asked(0)], ends({ ...completed(), status: 'collecting' }), [], ['lost: 1']],
  ['a failure without a reason', [asked(0)], ends({ ...completed(), status: 'failed' }), [], ['lost: 1']],
  ['another verdict than the right one', [asked(0)], ends(completed('unreachable')), told(0), ['wrong: 1']],
  ['a failure of ours', [asked(0)], ends(failed('internal')), told(0, { type: 'diagnosis.failed' }), ['broke: 1']],
  ['a webhook that did not come', [asked(0)], ends(completed()), told(0).slice(1), ['webhooksMissing: 1']],
  ['a webhook of nothing', [asked(0)], ends(completed()), [...told(0), ...told(7)], ['webhooksInvented: 2']],
  [
    'a webhook without signature',
    [asked(0)],
    ends(completed()),
    [...told(0), ...told(0, { signed: false })],
    ['webhooksInvented: 2'],
  ],
  [
    'a webhook under two ids',
    [asked(0)],
    ends(completed()),
    [...told(0), ...told(0, { webhookId: 'msg_x' })],
    ['webhooksUnderTwoIds: 2'],
  ],
  [
    'a key that made two',
    [asked(0), { ...asked(1), key: 'k0' }],
    ends(completed(), completed()),
    [],
    ['twoIdsForOneKey: 1'],
  ],
  [
    'one that was refused',
    [{ key: 'k0', question: 0, refused: 422, body: '' }],
    ends(),
    [],
    ['refused: 1', 'accepted: 0 of 1'],
  ],
  [
    'one that passed its deadline',
    [asked(0)],
    ends(failed('deadline-exceeded')),
    told(0, { type: 'diagnosis.failed' }),
    ['gaveUp: 1, at most 0 may'],
  ],
])('the judge sees %s', (_title, lines, final, received, expected) => {
  expect(complaints(judge(lines, ANSWERS, final, received), 1, 0)).toEqual(expect.arrayContaining(expected));
});
