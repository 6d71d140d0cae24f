/** The counts as tables, for people. */
import type { Report } from './run.ts';

const WORDS: Readonly<Record<keyof Report['counts'], string>> = {
  asked: 'asked',
  accepted: 'accepted (the asker’s ledger)',
  refused: 'refused for good',
  verdicts: 'ended in a verdict',
  undetermined: '… that says what is not known',
  wrong: '… that is wrong',
  failures: 'ended in a stated failure',
  gaveUp: '… as the deadline passed',
  broke: '… that the question does not deserve',
  lost: 'LOST',
  twoIdsForOneKey: 'accepted twice under one key',
  webhooksWanted: 'webhooks that were due',
  webhooksMissing: '… that did not come',
  webhooksRepeated: '… that came again under the same id',
  webhooksUnderTwoIds: '… that came under two ids',
  webhooksInvented: 'webhooks of nothing',
};

export function printReport(report: Report, title: string): void {
  const rows = Object.entries(WORDS).map(([name, words]) => [words, report.counts[name as keyof Report['counts']]]);
  console.log(`\n### Chaos, ${title}: ${report.seconds} s\n\n| what | count |\n|---|---:|`);
  for (const [words, count] of rows) console.log(`| ${words} | ${count} |`);
  const list = (of: Readonly<Record<string, number>>, unit = ''): string =>
    Object.entries(of)
      .map(([name, n]) => `${name} ${n}${unit}`)
      .join(', ');
  console.log(`\nFailures: ${list(report.faults)}.`);
  console.log(`Most memory: ${list(report.memory, ' MiB')}.`);
  console.log(report.complaints.length === 0 ? '\n0 lost.' : `\nNOT GOOD: ${report.complaints.join('; ')}.`);
}
