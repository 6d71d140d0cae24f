/**
 * A process that mutants are tried in, one after the other: the model is read once, with a switch for each of them.
 *
 *   node replay-switched.ts FOLDER, then messages of `Trial`, each answered by a `Fate`
 */
import { allMutants, MODEL } from './all-mutants.ts';
import { turn } from './switchboard.ts';
import { readWithSwitches } from './switched-model.ts';
import { answerTrials, fateOf } from './trial.ts';

const [, , folder = ''] = process.argv;
readWithSwitches(MODEL, allMutants());
// Only now may the model be read.
const asked = await import('./stored.ts');

answerTrials(({ number, asks }) => {
  try {
    return fateOf(asks, folder, asked, () => turn(number));
  } finally {
    turn(null);
  }
});
