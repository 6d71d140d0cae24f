/** docs/fidelity/survivors.md: the mutants that no recorded packet told from the model, and why. Pure: text from data. */
import { explanationOf } from '../mutate/explained/index.ts';
import type { Contradicted, MutationReport, Survivor } from '../mutate/mutation-report.ts';
import { NOT_JUDGED } from '../mutate/not-judged.ts';

const cell = (text: string): string => `\`${text.replaceAll('`', "'").replaceAll('|', '\\|')}\``;

function why(survivor: Survivor): string {
  const explanation = explanationOf(survivor);
  if (explanation) return `*${explanation.is}*: ${explanation.why}`;
  return survivor.reached ? 'not explained yet' : '*gap*: no recorded packet runs through it';
}

/** Told, so that nobody has to find out: each is an entry to be taken out, or to be said of one change of its line only. */
const contradictions = (contradicted: readonly Contradicted[]): readonly string[] =>
  contradicted.length === 0
    ? []
    : [
        '## Explained wrongly',
        '',
        'Explanations call these the same model in other words, and a packet has told them from it:',
        '',
        '| place | line | change | told by |',
        '|---|---|---|---|',
        ...contradicted.map(
          (s) => `| ${s.file}:${s.line} | ${cell(s.code)} | ${cell(`${s.was} → ${s.replacement}`)} | ${s.by} |`,
        ),
        '',
      ];

export function survivorsPage(mutants: MutationReport | null): string {
  return [
    '# Mutants that nobody caught',
    '',
    '<!-- Written by `npm run docs` from docs/fidelity/mutants.json and libs/verify/src/mutate/explained. -->',
    '',
    'Places of the model that could be turned round without any recorded packet showing it ([the run](../fidelity.md#mutants)). Each is either the same',
    'model in other words (*equivalent*), or a meaning that no world decides (*gap*: a generator is wanted).',
    '',
    '| place | line | change | why nobody can tell |',
    '|---|---|---|---|',
    ...(mutants?.survivors ?? []).map(
      (s) => `| ${s.file}:${s.line} | ${cell(s.code)} | ${cell(`${s.was} → ${s.replacement}`)} | ${why(s)} |`,
    ),
    '',
    ...contradictions(mutants?.contradicted ?? []),
    '## Not chosen',
    '',
    'Texts and evidence of the trace, guards for what was not collected (in a judged world all is), and the mark that a rule *may* have been met, which only',
    'takes something away from the comparison. And these parts, which no packet of this kernel can show; rows of unit tests hold them:',
    '',
    '| part | why |',
    '|---|---|',
    ...NOT_JUDGED.map((p) => `| ${cell(p.names ? `${p.file.source} ${p.names.source}` : p.file.source)} | ${p.why} |`),
    '',
  ].join('\n');
}
