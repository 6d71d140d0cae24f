/** The full listing for those who want every step, with the raw lines: `netverdict show ID --steps`. */
import type { Lang } from '../findings/finding.ts';
import type { Branch, Step } from '../trace/trace.ts';
import { percent } from './fraction.ts';
import { LABELS } from './labels.ts';
import type { Paint } from './paint.ts';
import { fateWord, placeName } from './path.ts';

const MARK = { pass: ' ', change: '~', stop: '✗', branch: '⑂', unknown: '?' } as const;

function stepLines(step: Step, depth: number, paint: Paint): string[] {
  const indent = '  '.repeat(depth);
  const line = `${indent}${MARK[step.action]} ${step.text}`;
  const lines = [step.action === 'stop' ? paint.bad(line) : step.action === 'unknown' ? paint.unsure(line) : line];
  for (const evidence of step.evidence ?? [])
    lines.push(
      paint.faint(
        `${indent}    ${evidence.kind}${evidence.line === null ? '' : `:${evidence.line}`}  ${evidence.text}`,
      ),
    );
  for (const sub of step.steps ?? []) lines.push(...stepLines(sub, depth + 1, paint));
  return lines;
}

export function traceLines(branches: readonly Branch[], lang: Lang, paint: Paint): string[] {
  const lines: string[] = [];
  for (const branch of branches) {
    const share = branch.share === null ? LABELS[lang].unknownShare : percent(branch.share);
    lines.push(paint.strong(`${branch.id}  ${share}  ${fateWord(branch.disposition, lang)}`));
    for (const choice of branch.choices) lines.push(`  ⑂ ${choice.label}`);
    for (const hop of branch.hops) {
      lines.push(paint.strong(`  ${hop.direction === 'reply' ? '◀' : '▶'} ${placeName(hop.place)}`));
      for (const step of hop.steps) lines.push(...stepLines(step, 2, paint));
    }
  }
  return lines;
}
