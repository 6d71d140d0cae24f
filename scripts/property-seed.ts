/**
 * Property tests run with one seed in `make test`, so that a red run means the change under test. Look for more with
 * others: `NETVERDICT_SEED=random vitest run --project unit`, or a number to see one again.
 */
import fc from 'fast-check';

const wanted = process.env.NETVERDICT_SEED ?? '20261123';
if (wanted !== 'random') fc.configureGlobal({ seed: Number(wanted) });
