import { describe, expect, it } from 'vitest';
import { asFraction, connectionsShare, percent } from './fraction.ts';

describe('a share as people say it', () => {
  it.each([
    [1 / 3, '1 of 3 new connections', '每 3 次新连接约有 1 次'],
    [2 / 3, '2 of 3 new connections', '每 3 次新连接约有 2 次'],
    [0.5, '1 of 2 new connections', '每 2 次新连接约有 1 次'],
    [0.999, '>99 % of new connections', '约 >99 % 的新连接'],
    [0.001, '<1 % of new connections', '约 <1 % 的新连接'],
  ])('%d', (share, en, zh) => {
    expect(connectionsShare(share, 'en')).toBe(en);
    expect(connectionsShare(share, 'zh')).toBe(zh);
  });

  it('has no fraction for all and nothing', () => {
    expect(asFraction(0)).toBeNull();
    expect(asFraction(1)).toBeNull();
    expect(percent(1)).toBe('100 %');
    expect(percent(0)).toBe('0 %');
  });
});
