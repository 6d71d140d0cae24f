/** Shares as people say them: `2 of 3`, `1 of 2`, else a percentage. */
import type { Lang } from '../findings/finding.ts';

/** The fraction with the smallest denominator up to 12 that is within half a percent of the share. */
export function asFraction(share: number): { readonly part: number; readonly of: number } | null {
  for (let of = 1; of <= 12; of++) {
    const part = Math.round(share * of);
    if (Math.abs(share - part / of) < 0.005 && part > 0 && part < of) return { part, of };
  }
  return null;
}

export const percent = (share: number): string => {
  const value = share * 100;
  return `${value > 0 && value < 1 ? '<1' : value > 99 && value < 100 ? '>99' : Math.round(value)} %`;
};

/** "2 of 3 new connections", "每 3 次新连接约有 2 次". */
export function connectionsShare(share: number, lang: Lang): string {
  const fraction = asFraction(share);
  if (lang === 'zh')
    return fraction ? `每 ${fraction.of} 次新连接约有 ${fraction.part} 次` : `约 ${percent(share)} 的新连接`;
  return fraction ? `${fraction.part} of ${fraction.of} new connections` : `${percent(share)} of new connections`;
}
