/** A run as it is kept (docs/fidelity/report.json): the report, and where and when it was made. */
import type { Report } from './report.ts';

export interface RecordedRun extends Report {
  readonly command: string;
  /** `Linux 6.18.5`. */
  readonly kernel: string;
  readonly machine: string;
  /** Day of the run, in UTC. */
  readonly date: string;
  readonly seconds: number;
}
