import { expect, it } from 'vitest';
import { mutantsOf } from './mutants.ts';

const words = (text: string): string[] => mutantsOf('x.ts', text).map((m) => `${m.was} → ${m.replacement}`);

it('turns conditions, comparisons, masks, numbers and truths round', () => {
  expect(words('if (a < 3 && b === c) x = a & 0xff;')).toEqual([
    'a < 3 && b === c → !(a < 3 && b === c)',
    '&& → ||',
    '< → <=',
    '3 → 4',
    '=== → !==',
    '& → |',
    '0xff → 256',
  ]);
  expect(words('const f = (): boolean => !done || true;')).toEqual(['|| → &&', '!done → (done)', 'true → false']);
});

it('leaves alone what only tells, and guards for what is not known', () => {
  expect(words("walk.step(ns, { text: 'a' + 1, action: 'pass' });")).toEqual([]);
  expect(words('if (!sockets.known) return 1;')).toEqual([]);
  expect(words("import { a } from 'b';\ninterface C { d: 1 | 2 }\ntype E = 3;")).toEqual([]);
});
