/** What a mutation run says to who started it. */
import type { MutationReport } from './mutation-report.ts';
import { caughtOfAll, caughtOfTellable, sharesByFolder, sharesOfAll } from './shares.ts';

export function mutationText(report: MutationReport): string {
  const all = sharesOfAll(report);
  return [
    ...report.survivors.map(
      ({ file, line, kind, was, replacement, reached }) =>
        `${reached ? 'survived' : 'not reached'}: ${file}:${line} ${kind}: ${was} → ${replacement}`,
    ),
    ...(report.contradicted ?? []).map(
      ({ file, line, was, replacement, by }) =>
        `caught by ${by}, though explained as the same model: ${file}:${line} ${was} → ${replacement}`,
    ),
    '',
    ...sharesByFolder(report).map(
      ([name, f]) =>
        `${name.padEnd(12)} ${String(f.caught).padStart(4)} of ${String(f.tried).padStart(4)} caught, ${f.equivalent} equivalent, ${f.gaps} gaps (${caughtOfTellable(f)} %)`,
    ),
    `${all.tried} of ${report.possible} mutants tried on ${report.flows} flows of ${report.worlds} worlds in ${report.seconds} s`,
    `${all.caught} caught (${caughtOfAll(all)} %), ${all.equivalent} equivalent (without them ${caughtOfTellable(all)} %), ${all.gaps} gaps, ${all.unexplained} of them unexplained`,
  ].join('\n');
}
