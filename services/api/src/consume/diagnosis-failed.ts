/** diagnosis-failed: it cannot be carried out (an unknown name, a port that does not exist…), with what exists nearby. */
import type { Bus, Consumption } from '@netverdict/messaging';
import { type Finish, problemOf } from '../domain/finish.ts';
import { unlessAway } from './verdict.ts';

export const consumeDiagnosisFailed = (bus: Bus, finish: Finish): Consumption =>
  bus.consume('diagnosis-failed', async (failed) => {
    await unlessAway(() => finish.fail(failed.diagnosisId, problemOf(failed)));
  });
