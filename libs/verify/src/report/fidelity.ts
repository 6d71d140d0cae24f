/** docs/fidelity.md: every meaning that the model has a name for, and how it is held to the truth. Pure: text from data. */
import { allFeatures, FEATURES, type Feature, type FeatureGroup, type Held, WHY_ROWS } from '@netverdict/netsim';
import type { MutationReport } from '../mutate/mutation-report.ts';
import { caughtOfAll, caughtOfTellable, sharesByFolder, sharesOfAll } from '../mutate/shares.ts';
import type { RecordedRun } from './recorded.ts';
import { type SeedRun, seedRows } from './seeds.ts';
import { WANTED_DECISIVE } from './text.ts';

const TITLES: { readonly [G in FeatureGroup]: string } = {
  'xt-match': 'iptables matches',
  'xt-target': 'iptables targets',
  'xt-chain': 'iptables chains',
  'nft-expression': 'nftables expressions',
  'nft-set': 'nftables sets and maps',
  ipset: 'IP sets',
  hook: 'Hooks of native tables',
  conntrack: 'Connection tracking',
  nat: 'Translation',
  'route-rule': 'Policy rules: selectors and actions',
  route: 'Routes: types and attributes',
  sysctl: 'Sysctls',
  neighbour: 'Neighbours',
  link: 'Devices',
  bridge: 'Bridges',
  mtu: 'Sizes',
  socket: 'Sockets',
  answer: 'Answers of hosts',
};

type Class = 'kernel-checked' | 'kernel-checked, seldom' | 'fixture-checked' | 'unknown';

export function classOf(held: Held, decisive: number): Class {
  if (held === 'unknown') return 'unknown';
  if (decisive >= WANTED_DECISIVE) return 'kernel-checked';
  return held === 'kernel' ? 'kernel-checked, seldom' : 'fixture-checked';
}

export function fidelityPage(run: RecordedRun, mutants: MutationReport | null, seeds: readonly SeedRun[]): string {
  const classes = allFeatures().map(([name, held]) => classOf(held, run.features[name]?.decisive ?? 0));
  const count = (wanted: Class): number => classes.filter((c) => c === wanted).length;
  return [
    '# Fidelity',
    '',
    '<!-- Written by `npm run docs` from the table of features (libs/netsim/src/walk/features), docs/fidelity/report.json, seeds.json and mutants.json. -->',
    '',
    'How often is the simulator right, and who says so? `netverdict verify` makes random worlds of network namespaces, sends real packets',
    'through them, and compares the outcome, what the receiver sees, and every rule met with what the model says ([how](../libs/verify/README.md)).',
    '',
    '## The recorded run',
    '',
    ...runRows(run),
    '',
    ...openRows(run),
    '## Fresh seeds',
    '',
    ...seedRows(seeds),
    '',
    '## Mutants',
    '',
    ...mutantRows(mutants),
    '',
    '## Every meaning by name',
    '',
    `- **kernel-checked** (${count('kernel-checked')}): in the recorded run it decided the fate of at least ${WANTED_DECISIVE} packets${run.disagreements.length === 0 ? ', and the kernel did the same each time' : ' (what disagreed is counted above)'}.`,
    `- **kernel-checked, seldom** (${count('kernel-checked, seldom')}): worlds are made for it, but in the recorded run it decided fewer packets than that.`,
    `- **fixture-checked** (${count('fixture-checked')}): held by rows of unit tests and recorded fixtures; the reason why no packet here shows it stands beside it.`,
    `- **unknown** (${count('unknown')}): not modelled, or no snapshot tells. A verdict that depends on it is undetermined and names it.`,
    '',
    '*met*: packets that came to it. *decisive*: packets whose fate or look would have been another with its answer turned round; not every packet is tried.',
    ...(Object.keys(FEATURES) as FeatureGroup[]).flatMap((group) => groupRows(group, run)),
    '',
  ].join('\n');
}

function runRows(run: RecordedRun): string[] {
  const { flows, undetermined, eitherRules, disagreements, refused } = run;
  const percent = flows === 0 ? '0' : ((100 * undetermined) / flows).toFixed(2);
  return [
    '| | |',
    '|---|---|',
    `| command | \`${run.command}\` |`,
    `| seed | ${run.seed} |`,
    `| kernel, machine | ${run.kernel}, ${run.machine} |`,
    `| date | ${run.date} |`,
    `| flows | ${flows} in ${run.worlds} worlds; ${run.attempts} packets sent and traced |`,
    `| **disagreements** | **${disagreements.length}** |`,
    `| undetermined | ${undetermined} (${percent} %) |`,
    ...(eitherRules ? [`| fate known, rules met one of several lists | ${eitherRules} |`] : []),
    `| worlds that could not be judged | ${refused.map(({ world, message }) => `${world}: ${message.replaceAll('|', '\\|')}`).join('; ') || 'none'} |`,
    `| time | ${run.seconds} s |`,
  ];
}

/** Whoever reads a verdict may want to know where the model has been seen to be wrong. */
function openRows({ disagreements }: RecordedRun): string[] {
  if (disagreements.length === 0) return [];
  const rows = disagreements.map(
    ({ world, flow, what }) => `| ${world} ${flow} | ${what.replaceAll('|', '\\|').slice(0, 240)} |`,
  );
  return [
    'What disagreed: the first difference of each, in the words of the judge.',
    '',
    '| world, flow | difference |',
    '|---|---|',
    ...rows,
    '',
  ];
}

function mutantRows(report: MutationReport | null): string[] {
  if (report === null) return ['No mutation run is recorded yet.'];
  const { possible, flows, worlds, random, seconds, workers, seed } = report;
  const all = sharesOfAll(report);
  const which =
    all.tried === possible
      ? `Each of the ${possible} such places`
      : `A sample of ${all.tried} of ${possible} such places (seed ${seed})`;
  return [
    'One place of the model is turned round at a time (a negation, a boundary, a mask, an order, a hook), and recorded packets are judged again: would anybody',
    `notice? ${which} in the model's files was tried on recorded packets that run through it, until one told: all of the fixtures', and at`,
    `most ${random} of the random worlds' (${flows} packets in ${worlds} worlds are recorded).`,
    `**${all.caught} caught: ${caughtOfAll(all)} % of all, ${caughtOfTellable(all)} % without the ${all.equivalent} that are the same model in other words** (nobody can tell those).`,
    `The other ${all.gaps} are gaps${all.unexplained > 0 ? `, ${all.unexplained} of them not explained yet` : ''}; [the list](fidelity/survivors.md) says of each why nobody caught it.`,
    ...(report.remark === undefined ? [] : [report.remark]),
    '',
    `\`make mutants\` records the packets and tries every place: ${minutes(seconds)} in ${workers} processes, after the recording.`,
    '',
    '| part of the model | tried | caught | the same in other words | gaps | caught of all | without the same |',
    '|---|---|---|---|---|---|---|',
    ...[...sharesByFolder(report), ['**all**', all] as const].map(
      ([name, f]) =>
        `| ${name} | ${f.tried} | ${f.caught} | ${f.equivalent} | ${f.gaps} | ${caughtOfAll(f)} % | ${caughtOfTellable(f)} % |`,
    ),
  ];
}

const minutes = (seconds: number): string => (seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} minutes`);

const why = (feature: string): string => (feature in WHY_ROWS ? `: ${WHY_ROWS[feature as keyof typeof WHY_ROWS]}` : '');

function groupRows(group: FeatureGroup, run: RecordedRun): string[] {
  const rows = Object.entries<Held>(FEATURES[group]).map(([name, held]) => {
    const { met, decisive } = run.features[`${group}/${name}` as Feature] ?? { met: 0, decisive: 0 };
    const counts = held === 'unknown' ? '| |' : `| ${met} | ${decisive}`;
    return `| ${name} | ${classOf(held, decisive)}${why(`${group}/${name}`)} ${counts} |`;
  });
  return ['', `### ${TITLES[group]}`, '', '| | | met | decisive |', '|---|---|---|---|', ...rows];
}
