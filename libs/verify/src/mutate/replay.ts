/**
 * Asks the (mutated) model about stored worlds, until one answer is not what the kernel did. Exit code 0: survived; 1: caught,
 * and by which flow; 2: caught by throwing.
 *
 *   node --import hook.ts replay.ts FOLDER INDEX…
 */
import { firstDisagreement, load } from './stored.ts';

function replay(folder: string, worlds: readonly number[]): number {
  for (const index of worlds) {
    const world = load(folder, index);
    const flow = firstDisagreement(world);
    if (flow === null) continue;
    process.stdout.write(`${world.id} ${flow}\n`);
    return 1;
  }
  return 0;
}

try {
  const [folder = '', ...worlds] = process.argv.slice(2);
  process.exitCode = replay(folder, worlds.map(Number));
} catch (error) {
  process.stdout.write(`${error instanceof Error ? error.message.split('\n')[0] : String(error)}\n`);
  process.exitCode = 2;
}
