/**
 * A world may disagree for more than one reason, and leaving lines out may bring up another: what is shrunk is the disagreement
 * that was found, told by its first difference.
 */
import type { Comparison, Difference } from '../compare/agree.ts';

export const sameFault = (a: Comparison, b: Comparison): boolean =>
  a.kind === 'disagrees' && b.kind === 'disagrees' && faultOf(a.differences[0]) === faultOf(b.differences[0]);

function faultOf(difference: Difference | undefined): string {
  switch (difference?.kind) {
    case undefined:
      return '';
    case 'outcome':
      return withoutPlaces(difference.nearest[0] ?? '');
    case 'threw':
      return withoutPlaces(difference.message.split('\n')[0] ?? '');
    case 'not-observed':
      return difference.kind;
    case 'never-seen':
    case 'shares':
      return 'shares';
  }
}

/** Rules move up where others are left out; which chain it is stays. */
const withoutPlaces = (text: string): string =>
  text.replace(/rule \d+ met/, 'rule met').replace(/ (policy|rule \d+)(?=,|$)/g, '');
