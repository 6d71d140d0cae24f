/** The path as one line per fate: places, the devices and chains passed in them, and the end of it. */
import type { Lang } from '../findings/finding.ts';
import { DISPOSITION_WORDS_ZH, type Disposition, outcomeOf } from '../trace/disposition.ts';
import type { Branch, Hop, Step } from '../trace/trace.ts';
import { percent } from './fraction.ts';
import { LABELS } from './labels.ts';
import type { Paint } from './paint.ts';

/** `node-2/pod/shop/web-1` is shown as `shop/web-1`, `node-2/host` as `node-2`. */
export function placeName(place: string): string {
  const pod = /^[^/]+\/pod\/(.+)$/.exec(place);
  if (pod) return pod[1] as string;
  return place.replace(/\/host$/, '');
}

const text = (value: string | number | boolean | null | undefined): string | null =>
  typeof value === 'string' && value !== '' ? value : null;

/** What became of a branch. In English by the name that REST has for it too. */
export const fateWord = (disposition: Disposition, lang: Lang): string =>
  lang === 'zh' ? DISPOSITION_WORDS_ZH[disposition] : disposition;

/** Where a stopping step stopped: `FORWARD rule 3`, a chain's policy, a device, else the step's kind. */
function stopWord(step: Step, lang: Lang): string {
  const rule = step.steps?.findLast((sub) => sub.action === 'stop') ?? step;
  const chain = text(rule.detail.chain);
  if (chain !== null) {
    const { rule: number } = rule.detail;
    if (typeof number !== 'number') return chain;
    return lang === 'zh' ? `${chain} 链第 ${number} 条` : `${chain} rule ${number}`;
  }
  return text(step.detail.dev) ?? step.text;
}

/** The one word by which a step shows in the path line; null for what only the full listing shows. */
function stepWord(step: Step, paint: Paint, lang: Lang): string | null {
  if (step.action === 'stop') return paint.bad(`${stopWord(step, lang)} ✗`);
  switch (step.kind) {
    case 'egress':
    case 'ingress':
    case 'encapsulate':
    case 'decapsulate':
    case 'bridge': {
      const dev = text(step.detail.dev);
      // The host's end of a pod's veth has a random name, which tells nobody anything.
      return dev?.startsWith('veth') ? null : dev;
    }
    case 'nat': {
      const to = step.packet;
      return to ? `→ ${to.destination}${to.dport === null ? '' : `:${to.dport}`}` : null;
    }
    case 'unknown':
      return paint.unsure(`? ${step.text}`);
    default:
      return null;
  }
}

function hopWords(hop: Hop, paint: Paint, lang: Lang): string {
  const words: string[] = [];
  for (const step of hop.steps) {
    const word = stepWord(step, paint, lang);
    if (word !== null && words.at(-1) !== word) words.push(word);
  }
  const name = placeName(hop.place);
  if (hop.kind === 'pod')
    return name + (words.some((w) => w.includes('✗') || w.includes('?')) ? `: ${words.join(' · ')}` : '');
  return words.length > 0 ? `${name}: ${words.join(' · ')}` : name;
}

function direction(branch: Branch, which: Hop['direction'], paint: Paint, lang: Lang): string {
  const parts: string[] = [];
  for (const hop of branch.hops) {
    if (hop.direction !== which) continue;
    if (hop.kind === 'wire') parts.push('═══');
    else if (hop.kind === 'outside') parts.push(LABELS[lang].outside);
    else parts.push(hopWords(hop, paint, lang));
  }
  return parts.join(' ─ ').replaceAll(' ─ ═══ ─ ', ' ═══ ');
}

/** One line a branch, the share in front where there are several. */
export function pathLines(branches: readonly Branch[], lang: Lang, paint: Paint): string[] {
  const labels = LABELS[lang];
  return branches.map((branch, i) => {
    const share =
      branches.length === 1
        ? ''
        : `${i === branches.length - 1 ? '└' : '├'} ${branch.share === null ? labels.unknownShare : percent(branch.share)}  `;
    const forward = direction(branch, 'forward', paint, lang);
    const outcome = outcomeOf(branch.disposition);
    if (outcome === 'reachable') return `${share}${forward} ${paint.good('✓')}     ${labels.back} ${paint.good('✓')}`;
    // A stopping step has set its own mark; an end without one (an unmet need, an outside network) gets it here.
    const fate = fateWord(branch.disposition, lang);
    const ending = (text: string): string => {
      const mark = outcome === 'undetermined' ? paint.unsure('?') : paint.bad('✗');
      return text.includes('✗') || text.includes('?') ? `${text} ${fate}` : `${text} ${mark} ${fate}`;
    };
    if (branch.ended === 'reply')
      return `${share}${forward} ${paint.good('✓')}     ${labels.back}: ${ending(direction(branch, 'reply', paint, lang))}`;
    return `${share}${ending(forward)}`;
  });
}
