/** The tables of the monitoring, each printed as it is ready. */
import type { Lab } from '@netverdict/lab';
import { machine } from '../machine.ts';
import { printRows, type Row } from '../row.ts';
import { anomalyRows } from './anomalies.ts';
import { eventprocRows } from './eventproc.ts';
import { overheadRows } from './overhead.ts';

/** @param dir for what it starts */
type Table = (lab: Lab, dir: string) => Promise<string>;

/** A kernel or a machine that cannot do one of them does not keep the others from being measured; the run ends with 1. */
const table =
  (title: string, rows: (lab: Lab, dir: string) => Promise<Row[]>): Table =>
  async (lab, dir) =>
    printRows(
      title,
      'make bench',
      machine(),
      await rows(lab, dir).catch((error: unknown): Row[] => {
        process.exitCode = 1;
        console.error(error);
        return [{ what: title, value: 'could not be measured', wanted: '–', beside: String(error) }];
      }),
    );

export const MONITORING_TABLES: Readonly<Record<'anomalies' | 'eventproc' | 'overhead', Table>> = {
  anomalies: table('Watching a node: cost and account', anomalyRows),
  eventproc: table('eventproc under a flood', (_, dir) => eventprocRows(dir)),
  overhead: table('What watching costs those who are watched', overheadRows),
};
