/**
 * Why nobody can tell certain mutants from the model. Found by their line of code, which stays when lines move.
 * `equivalent`: it is the same model in other words. `gap`: a meaning that no world decides.
 */
import type { Survivor } from './mutation-report.ts';

export interface Explanation {
  readonly file: string;
  /** The beginning of the line, without its indentation. */
  readonly code: string;
  /** What is changed to what; absent: any change of the line. */
  readonly change?: string;
  readonly is: 'equivalent' | 'gap';
  readonly why: string;
}

export const EXPLAINED: readonly Explanation[] = [
  {
    file: 'path/egress.ts',
    code: "const routes = packet.family === 'ipv4'",
    is: 'equivalent',
    why: 'the section that is cited as evidence: words',
  },
  {
    file: 'nft/expressions/compare.ts',
    code: 'const isWord =',
    is: 'equivalent',
    why: 'a quicker way for short values, with the same answer',
  },
  {
    file: 'nft/expressions/routing.ts',
    code: 'if (realms === null) e.unread.add',
    is: 'equivalent',
    why: 'which byte it was that is not known: words',
  },
  {
    file: 'route/source4.ts',
    code: 'if (prefixLength === 0) return true;',
    is: 'gap',
    why: 'no world has an address whose prefix is everything',
  },
  {
    file: 'route/source6.ts',
    code: 'for (let i = 0; i < a.length; i++) if (a[i] !== b[i])',
    is: 'equivalent',
    why: 'behind the last of both there is nothing, which is the same',
  },
  {
    file: 'route/multipath.ts',
    code: 'const spread = policy === 1',
    is: 'gap',
    why: 'with the other policies the hash is not told: those verdicts are undetermined, and so nothing to compare with',
  },
  {
    file: 'route/multipath.ts',
    code: 'if (hops.length < 2)',
    is: 'gap',
    why: 'which of two hops a hash takes is not told: those verdicts are undetermined, and so nothing to compare with',
  },
  {
    file: 'nft/context.ts',
    code: "ingress: 'PREROUTING'",
    is: 'equivalent',
    why: 'what iptables and nft share asks of the hook only whether the packet was made here, which neither is',
  },
  {
    file: 'nft/context.ts',
    code: "input: 'INPUT'",
    is: 'equivalent',
    why: 'what iptables and nft share asks of the hook only whether the packet was made here, which neither is',
  },
  {
    file: 'netfilter/hook.ts',
    code: 'if (groups.length === 1) break;',
    is: 'equivalent',
    why: 'a shortcut: a group that has translated is asked no more at the beginning of the loop either',
  },
  {
    file: 'nft/expressions/chance.ts',
    code: 'if (element && x.verdict) return',
    is: 'gap',
    why: 'of a lot that a map of verdicts draws no world has two elements with one verdict',
  },
  {
    file: 'conntrack/needed.ts',
    code: 'return false;',
    is: 'gap',
    why: 'connections that no rule asks for show in how pieces are put together alone',
  },
  {
    file: 'netfilter/matches/memory.ts',
    code: "if (m.mode === 'update'",
    is: 'gap',
    why: 'the count of a list is asked for once for each packet: no world asks for it again after an update',
  },
  {
    file: 'route/reverse-path.ts',
    code: "return { kind: 'other-device', dev: dev === null",
    is: 'equivalent',
    why: 'the device is named in words only; that it is another one is what decides',
  },
  {
    file: 'nft/registers.ts',
    code: 'if (bytes < 4)',
    is: 'equivalent',
    why: 'four bytes are answered in the line before',
  },
  {
    file: 'nft/registers.ts',
    code: 'for (let i = 1; i * 4 < bytes; i++)',
    is: 'equivalent',
    why: 'a word too many is cut off in the next line',
  },
  {
    file: 'netfilter/traverse.ts',
    code: 'if (chance === null || chance >= 1)',
    is: 'equivalent',
    why: 'with a share of exactly one the other way has none, and a branch without a share is never expected',
  },
];

export const explanationOf = ({ file, code, was, replacement }: Survivor): Explanation | null =>
  EXPLAINED.find(
    (e) =>
      e.file === file && code.startsWith(e.code) && (e.change === undefined || e.change === `${was} → ${replacement}`),
  ) ?? null;
