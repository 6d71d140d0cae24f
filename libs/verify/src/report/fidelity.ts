/** docs/fidelity.md: every meaning that the model has a name for, and how it is held to the truth. Pure: text from data. */
import { allFeatures, FEATURES, type Feature, type FeatureGroup, type Held, WHY_ROWS } from '@netverdict/netsim';
import { explanationOf } from '../mutate/explained.ts';
import type { MutationReport } from '../mutate/mutation-report.ts';
import type { RecordedRun } from './recorded.ts';
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

export function fidelityPage(run: RecordedRun, mutants: MutationReport | null): string {
  const classes = allFeatures().map(([name, held]) => classOf(held, run.features[name]?.decisive ?? 0));
  const count = (wanted: Class): number => classes.filter((c) => c === wanted).length;
  return [
    '# Fidelity',
    '',
    '<!-- Written by `npm run docs` from the table of features (libs/netsim/src/walk/features), docs/fidelity/report.json and docs/fidelity/mutants.json. -->',
    '',
    'How often is the simulator right, and who says so? `netverdict verify` makes random worlds of network namespaces, sends real packets',
    'through them, and compares the outcome, what the receiver sees, and every rule met with what the model says ([how](../libs/verify/README.md)).',
    '',
    '## The recorded run',
    '',
    ...runRows(run),
    '',
    ...openRows(run),
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
    `| worlds refused by a tool | ${refused.length} |`,
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

function mutantRows(mutants: MutationReport | null): string[] {
  if (mutants === null) return ['No mutation run is recorded yet.'];
  const { tried, caught, possible, flows, folders, survivors } = mutants;
  const same = survivors.filter((s) => explanationOf(s)?.is === 'equivalent').length;
  const percent = (part: number, whole: number): string => ((100 * part) / Math.max(1, whole)).toFixed(1);
  return [
    'One place of the model is turned round at a time (a negation, a boundary, a mask, an order, a hook), and recorded packets are judged again: would anybody',
    `notice? Of ${possible} such places in the model's files ${tried} were chosen (seed ${mutants.seed}) and tried on ${flows} recorded packets:`,
    `**${caught} caught (${percent(caught, tried)} %)**. Of the other ${survivors.length}, ${same} are the same model in other words`,
    `(without them: ${percent(caught, tried - same)} %); [the list](fidelity/survivors.md) explains them, or names the gap.`,
    '',
    '| part of the model | tried | caught | the same in other words |',
    '|---|---|---|---|',
    ...Object.entries(folders).map(([name, f]) => {
      const equal = survivors.filter((s) => s.file.startsWith(`${name}/`) && explanationOf(s)?.is === 'equivalent');
      return `| ${name} | ${f.tried} | ${f.caught} | ${equal.length} |`;
    }),
  ];
}

const why = (feature: string): string => (feature in WHY_ROWS ? `: ${WHY_ROWS[feature as keyof typeof WHY_ROWS]}` : '');

function groupRows(group: FeatureGroup, run: RecordedRun): string[] {
  const rows = Object.entries<Held>(FEATURES[group]).map(([name, held]) => {
    const { met, decisive } = run.features[`${group}/${name}` as Feature] ?? { met: 0, decisive: 0 };
    const counts = held === 'unknown' ? '| |' : `| ${met} | ${decisive}`;
    return `| ${name} | ${classOf(held, decisive)}${why(`${group}/${name}`)} ${counts} |`;
  });
  return ['', `### ${TITLES[group]}`, '', '| | | met | decisive |', '|---|---|---|---|', ...rows];
}
