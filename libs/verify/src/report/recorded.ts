/** A run and where and when it was made: what `--output` writes, and the short form of it that is kept (docs/fidelity/report.json). */
import type { Difference } from '../compare/agree.ts';
import type { Report } from './report.ts';

export interface Run extends Report {
  readonly command: string;
  /** `Linux 6.18.5`. */
  readonly kernel: string;
  readonly machine: string;
  /** Day of the run, in UTC. */
  readonly date: string;
  readonly seconds: number;
}

/** Without the worlds, which their seed makes anew. */
export interface RecordedRun extends Omit<Run, 'disagreements'> {
  readonly disagreements: readonly { readonly world: string; readonly flow: string; readonly what: string }[];
}

const said = (difference: Difference | undefined): string => {
  switch (difference?.kind) {
    case 'outcome':
      return difference.nearest.join('; ');
    case 'threw':
      return difference.message.split('\n')[0] ?? '';
    case 'not-observed':
      return `${difference.seen} of ${difference.attempts} packets were seen`;
    case 'never-seen':
      return `a way that should be taken was not, in ${difference.attempts} packets`;
    case 'shares':
      return `ways are taken ${difference.counts.join(', ')} times, expected were shares of ${difference.shares.join(', ')}`;
    default:
      return '';
  }
};

export const recordedOf = ({ disagreements, ...run }: Run): RecordedRun => ({
  ...run,
  disagreements: disagreements.map(({ world, flow, differences }) => ({ world, flow, what: said(differences[0]) })),
});
