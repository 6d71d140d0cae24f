import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRoom, mayOpen } from './room.ts';

const refused = { options: { status: 429, type: 'too-many-open-diagnoses', headers: { 'retry-after': '2' } } };

test('a token that never stops asking leaves half of the places, and the next gets its share of them', async () => {
  const room = createRoom({ openByToken: () => Promise.resolve(new Map()) }, 12, () => 0);
  for (let i = 0; i < 6; i++) await room.admit('greedy');
  await expect(room.admit('greedy')).rejects.toMatchObject(refused);
  for (let i = 0; i < 3; i++) await room.admit('late');
  await expect(room.admit('late')).rejects.toMatchObject(refused);
  await room.admit('later');
});

test('what is finished makes room, as soon as it is counted again', async () => {
  let [open, at] = [new Map([['busy', 5]]), 0];
  const room = createRoom({ openByToken: () => Promise.resolve(open) }, 10, () => at);
  await expect(room.admit('busy')).rejects.toMatchObject(refused);
  open = new Map([['busy', 1]]);
  await expect(room.admit('busy')).rejects.toMatchObject(refused);
  at = 1000;
  await room.admit('busy');
});

test('whoever asks and however much, there is always a place for somebody new while the limit is above the number of tokens', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 8, max: 500 }),
      fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 2000 }),
      (limit, asking) => {
        const open = new Map<number, number>();
        let all = 0;
        for (const token of asking) {
          const mine = open.get(token) ?? 0;
          if (!mayOpen(mine, all, limit)) continue;
          open.set(token, mine + 1);
          all++;
        }
        expect(all).toBeLessThan(limit);
        expect(mayOpen(0, all, limit)).toBe(true);
      },
    ),
  );
});
