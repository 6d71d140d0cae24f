/** Counts that fit their shares are near; counts that do not are far. */
import { describe, expect, it } from 'vitest';
import { deviation } from './chi-squared.ts';

describe('how far counts are from their shares', () => {
  it.each([
    ['exactly as promised', [50, 50], [0.5, 0.5], -10, 0],
    ['as chance would have it', [56, 44], [0.5, 0.5], 0, 2],
    ['a third is no half', [330, 670], [0.5, 0.5], 6, 100],
    ['three backends, one of them starved', [150, 150, 0], [1 / 3, 1 / 3, 1 / 3], 6, 100],
    ['one outcome only', [100], [1], 0, 0],
  ] as const)('%s', (_, counts, shares, least, most) => {
    const found = deviation(counts, shares);
    expect(found).toBeGreaterThanOrEqual(least);
    expect(found).toBeLessThanOrEqual(most);
  });

  it('what has no share may never be seen', () => {
    expect(deviation([99, 1], [1, 0])).toBe(Number.POSITIVE_INFINITY);
  });
});
