/**
 * One `-A` line to a rule. Options belong to the module loaded last that has them, as in iptables; what no module
 * here has is kept as `unsupported` with its text.
 */
import type { Family, XtMatch, XtRule, XtTarget } from '@netverdict/linux-net';
import { Malformed } from '../problem.ts';
import { BASE_OPTIONS, baseMatch } from './matches/ip.ts';
import { MATCH_MODULES, PROTOCOL_MODULES } from './matches/registry.ts';
import type { Given, Module } from './module.ts';
import { TARGET_MODULES, UNMODELLED_TARGETS } from './targets/registry.ts';
import { STANDARD } from './targets/verdicts.ts';
import { Words } from './tokens.ts';

export type RuleBody = Pick<XtRule, 'matches' | 'target' | 'comment'> & { readonly chain: string };

/** A module that the rule has loaded: `-m NAME` or `-j NAME` and the options that follow it, words [start, end). */
interface Segment {
  readonly name: string;
  module: Module<unknown> | null;
  readonly start: number;
  end: number;
  /** Options that came after another module was loaded. */
  extra: Given[] | null;
}

const NEVER_ALONE: ReadonlySet<string> = new Set([
  '-m',
  '--match',
  '-j',
  '--jump',
  '-g',
  '--goto',
  '-f',
  '--fragment',
  '-c',
]);
const isRuleOption = (word: string): boolean => BASE_OPTIONS.has(word) || NEVER_ALONE.has(word);

const takes = (module: Module<unknown>, option: string): boolean =>
  module.options !== 'any' && module.options[option] !== undefined;

/** Reads the rules of one ruleset: equal texts become the same match objects, since a ruleset repeats itself. */
export class RuleReader {
  readonly #family: Family;
  readonly #words = new Words();
  readonly #matches = new Map<string, readonly XtMatch[]>();
  readonly #targets = new Map<string, XtTarget>();
  readonly #base = new Map<string, XtMatch>();
  #segments: Segment[] = [];
  #targetName: string | null = null;
  #goto: string | null = null;

  constructor(family: Family) {
    this.#family = family;
  }

  /** source[start, end) begins with `-A`. Throws Malformed. */
  read(source: string, start: number, end: number, chains: ReadonlyMap<string, unknown>): RuleBody {
    const words = this.#words;
    words.read(source, start, end);
    this.#segments = [];
    this.#targetName = null;
    this.#goto = null;
    const command = words.at(0);
    if (command !== '-A' && command !== '--append') throw new Malformed('expected "-A CHAIN"');
    const chain = words.at(1);
    const matches: XtMatch[] = [];
    let comment: string | null = null;
    let protocol = 0;
    let i = 2;
    while (i < words.count) {
      let negate = false;
      const first = i;
      if (words.isNot(i)) {
        negate = true;
        i++;
      }
      if (!words.isOption(i)) throw new Malformed(`did not expect "${words.at(i)}"`);
      const option = words.at(i);
      const base = BASE_OPTIONS.get(option);
      if (base !== undefined) {
        if (words.isNot(i + 1)) {
          negate = !negate;
          i++;
        }
        const match = this.#baseMatch(base, words.at(i + 1), negate);
        if (match.kind === 'protocol') protocol = match.number;
        matches.push(match);
        i += 2;
      } else if (option === '-m' || option === '--match') {
        if (negate) throw new Malformed('"!" before -m');
        const name = words.at(i + 1);
        if (name === 'comment' && words.values[i + 2] === '--comment' && i + 3 < words.count) {
          const text = words.at(i + 3);
          comment = comment === null ? text : `${comment}; ${text}`;
          i += 4;
        } else i = this.#load(name, MATCH_MODULES.get(name) ?? null, i);
      } else if (option === '-j' || option === '--jump' || option === '-g' || option === '--goto') {
        if (negate || this.#targetName !== null || this.#goto !== null) throw new Malformed('a second target');
        const name = words.at(i + 1);
        if (option === '-g' || option === '--goto') this.#goto = name;
        else this.#targetName = name;
        if (option.startsWith('-g') || option === '--goto' || chains.has(name) || STANDARD.has(name)) i += 2;
        else i = this.#load(name, TARGET_MODULES.get(name) ?? null, i);
      } else if (option === '-f' || option === '--fragment') {
        matches.push({ kind: 'fragment', negate });
        i++;
      } else if (option === '-c' || option === '--set-counters') i += 3;
      else if (option === '-4' || option === '-6') i++;
      else i = this.#stray(first, i, negate, protocol);
    }
    let target: XtTarget | null = null;
    for (const segment of this.#segments) {
      if (segment.name === this.#targetName && segment.start > 0 && this.#isTarget(segment))
        target = this.#buildTarget(segment);
      else for (const match of this.#buildMatches(segment)) matches.push(match);
    }
    return { chain, matches, target: target ?? this.#chainTarget(chains), comment };
  }

  #baseMatch(option: 's' | 'd' | 'i' | 'o' | 'p', text: string, negate: boolean): XtMatch {
    const key = `${option}${negate ? '!' : ' '}${text}`;
    const known = this.#base.get(key);
    if (known !== undefined) return known;
    const match = baseMatch(option, text, negate, this.#family);
    this.#base.set(key, match);
    return match;
  }

  /** Loads the module at `-m NAME` or `-j NAME` and takes the options that follow; answers where they end. */
  #load(name: string, module: Module<unknown> | null, at: number): number {
    const segment: Segment = { name, module, start: at, end: at + 2, extra: null };
    this.#segments.push(segment);
    segment.end = this.#take(segment, at + 2, null);
    return segment.end;
  }

  /** Goes over the segment's options from word `i`; collects them when asked to. */
  #take(segment: Segment, start: number, into: Given[] | null): number {
    const words = this.#words;
    const options = segment.module?.options ?? 'any';
    let i = start;
    while (i < words.count) {
      let negate = words.isNot(i);
      const at = negate ? i + 1 : i;
      if (options === 'any') {
        // Unknown options and their values, to where the rule goes on.
        if (words.isOption(at) && isRuleOption(words.at(at))) return i;
        i = at + 1;
        continue;
      }
      if (!words.isOption(at)) return i;
      const option = words.at(at);
      const arity = options[option];
      if (arity === undefined) return i;
      let next = at + 1;
      if (arity > 0 && words.isNot(next)) {
        negate = !negate;
        next++;
      }
      if (next + arity > words.count) {
        if (!segment.module?.toleratesMissingValue) throw new Malformed(`${option} needs a value`);
        segment.module = null;
        return words.count;
      }
      if (into) into.push({ option, negate, args: words.values.slice(next, next + arity) });
      i = next + arity;
    }
    return i;
  }

  /** getopt_long(3) takes the beginning of an option: old versions print `--mac` for `--mac-source`. */
  #expand(option: string): string {
    const module = this.#segments.at(-1)?.module;
    if (!module || module.options === 'any' || option in module.options) return option;
    const meant = Object.keys(module.options).filter((name) => name.startsWith(option));
    return meant.length === 1 ? (meant[0] as string) : option;
  }

  /** An option apart from its module: an earlier one's, the protocol's, or one that nobody here knows. */
  #stray(first: number, at: number, negate: boolean, protocol: number): number {
    const words = this.#words;
    const option = this.#expand(words.at(at));
    words.values[at] = option;
    const owner = this.#segments.findLast((s) => s.module !== null && takes(s.module, option));
    if (owner) {
      const given: Given[] = [];
      const end = this.#take({ ...owner, extra: null }, first, given);
      owner.extra = [...(owner.extra ?? []), ...given];
      return end;
    }
    const implied = PROTOCOL_MODULES[protocol];
    const module = implied === undefined ? undefined : MATCH_MODULES.get(implied);
    if (implied !== undefined && module && takes(module, option)) {
      const segment: Segment = { name: implied, module, start: first, end: first, extra: null };
      this.#segments.push(segment);
      segment.end = this.#take(segment, first, null);
      return segment.end;
    }
    const last = this.#segments.at(-1);
    if (!last) throw new Malformed(`${negate ? '! ' : ''}${option} belongs to no module of this rule`);
    // A newer option of a module that is known: the whole of it is then unknown, and its text says all.
    const unknown: Segment = { name: last.name, module: null, start: last.start, end: first, extra: null };
    unknown.end = this.#take(unknown, first, null);
    this.#segments[this.#segments.length - 1] = unknown;
    return unknown.end;
  }

  #isTarget(segment: Segment): boolean {
    const word = this.#words.values[segment.start];
    return word === '-j' || word === '--jump';
  }

  #given(segment: Segment): readonly Given[] {
    const given: Given[] = [];
    const word = this.#words.values[segment.start];
    const named = word === '-m' || word === '--match' || word === '-j' || word === '--jump';
    this.#take(segment, segment.start + (named ? 2 : 0), given);
    return segment.extra ? [...given, ...segment.extra] : given;
  }

  #buildMatches(segment: Segment): readonly XtMatch[] {
    const text = this.#words.slice(segment.start, segment.end);
    if (segment.module === null) return [{ kind: 'unsupported', module: segment.name, text }];
    if (segment.extra === null) {
      const known = this.#matches.get(text);
      if (known) return known;
    }
    const built = segment.module.build(this.#given(segment), this.#family) as readonly XtMatch[] | null;
    const matches = built ?? [{ kind: 'unsupported', module: segment.name, text: this.#textOf(segment) } as const];
    if (segment.extra === null) this.#matches.set(text, matches);
    return matches;
  }

  #buildTarget(segment: Segment): XtTarget {
    const text = this.#words.slice(segment.start, segment.end);
    if (segment.module === null) {
      if (!UNMODELLED_TARGETS.has(segment.name) && !TARGET_MODULES.has(segment.name))
        throw new Malformed(`"${segment.name}" is neither a chain of this table nor a target`);
      return { kind: 'unsupported', name: segment.name, text };
    }
    const known = segment.extra === null ? this.#targets.get(text) : undefined;
    if (known) return known;
    const built = segment.module.build(this.#given(segment), this.#family) as XtTarget | null;
    const target = built ?? { kind: 'unsupported' as const, name: segment.name, text: this.#textOf(segment) };
    if (segment.extra === null) this.#targets.set(text, target);
    return target;
  }

  #textOf(segment: Segment): string {
    const own = this.#words.slice(segment.start, segment.end);
    const extra = (segment.extra ?? []).map((g) =>
      [g.negate ? '!' : '', g.option, ...g.args].filter(Boolean).join(' '),
    );
    return [own, ...extra].join(' ');
  }

  #chainTarget(chains: ReadonlyMap<string, unknown>): XtTarget | null {
    const name = this.#goto ?? this.#targetName;
    if (name === null) return null;
    const standard = STANDARD.get(name);
    if (standard && this.#goto === null) return standard;
    if (!chains.has(name)) throw new Malformed(`"${name}" is not a chain of this table`);
    return { kind: this.#goto === null ? 'jump' : 'goto', chain: name };
  }
}
