import { expect, it } from 'vitest';
import { changed } from './probes.ts';

it('what is not named stays, what is named is set', () => {
  const before = { drops: { oneIn: 2, filter: { port: 80 } }, dns: { enabled: true } };
  expect(
    changed(before, { off: ['dns'], probe: 'drops', samples: '1', address: '10.0.0.0/8', exclude: 'A,B' }),
  ).toEqual({
    drops: { oneIn: 2, samples: 1, filter: { port: 80, address: '10.0.0.0/8', exclude: ['A', 'B'] } },
    dns: { enabled: false },
  });
  expect(changed(before, {})).toEqual(before);
});

it('a setting without its probe, or no number, is a mistake', () => {
  expect(() => changed({}, { threshold: '5' })).toThrow('--probe says whose setting it is');
  expect(() => changed({}, { probe: 'dns', threshold: 'slow' })).toThrow('--threshold slow: write a whole number');
});
