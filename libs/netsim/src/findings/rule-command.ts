/**
 * The command that deletes one rule: by its own text, not by its number, since numbers shift when another rule of the chain
 * is deleted or inserted. `iptables -D CHAIN …` takes what iptables-save printed, and deletes the first rule that is the same.
 */
import type { XtRule } from '@netverdict/linux-net';
import { type CompiledRuleset, toolOf } from '../netfilter/ruleset.ts';

export function deleteCommand(ruleset: CompiledRuleset, table: string, chain: string, rule: XtRule): string {
  if (onlyByNumber(rule)) return `${toolOf(ruleset)} -t ${table} -D ${chain} ${rule.number}`;
  const [, ...words] = wordsOf(rule.text);
  return [toolOf(ruleset), '-t', table, '-D', ...words.map(quoted)].join(' ');
}

/** A copy of the rule, put before the one with this number. */
export function insertCommand(ruleset: CompiledRuleset, table: string, rule: XtRule, before: number): string {
  const [, chain = '', ...words] = wordsOf(rule.text);
  return [toolOf(ruleset), '-t', table, '-I', quoted(chain), String(before), ...words.map(quoted)].join(' ');
}

/** `-D` with the text of a rule that has `-m recent` finds no such rule: seen with iptables 1.8.11, nft and legacy. */
export const onlyByNumber = (rule: XtRule): boolean => rule.matches.some((match) => match.kind === 'recent');

/** What the command leaves of the chain's rules. */
export function withoutRule(rules: readonly XtRule[], gone: XtRule): readonly XtRule[] {
  const at = rules.findIndex((rule) => (onlyByNumber(gone) ? rule.line === gone.line : rule.text === gone.text));
  return at < 0 ? rules : rules.toSpliced(at, 1);
}

/** As iptables-save writes them: a double quote opens and closes, a backslash inside takes the next character as it is. */
function wordsOf(text: string): string[] {
  const words: string[] = [];
  for (const match of text.matchAll(/(?:[^\s"]|"(?:[^"\\]|\\.)*")+/g))
    words.push(match[0].replace(/"((?:[^"\\]|\\.)*)"/g, (_, inside: string) => inside.replace(/\\(.)/g, '$1')));
  return words;
}

/** For a shell. */
function quoted(word: string): string {
  if (/^[\w@%+=:,./!-]+$/.test(word)) return word;
  return word.includes("'") ? `"${word.replace(/["\\$`]/g, '\\$&')}"` : `'${word}'`;
}
