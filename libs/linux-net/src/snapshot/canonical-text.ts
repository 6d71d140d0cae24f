/**
 * What is digested of a section: its text without what moves while nothing changes (counters, timers, ages, queue
 * lengths, dates). Two collections of a quiet node have equal digests. The raw text is what is sent.
 */
import type { SectionKind } from './section.ts';

const sortLines = (text: string): string => text.split('\n').sort().join('\n');

/** Life times of addresses, ages of neighbours and forwarding entries, timers of bridges. */
const TIMERS =
  /"(?:valid_life_time|preferred_life_time|expires|used|confirmed|updated|probes|refcnt|[a-z_]*_timer|age)":\s*-?[\d.]+,?/g;
const timeless = (text: string): string => text.replace(TIMERS, '');

/** An entry that answers is REACHABLE, STALE, DELAY or PROBE by turns: the same for a packet. */
const neighbours = (text: string): string => timeless(text).replace(/"(?:REACHABLE|STALE|DELAY|PROBE)"/g, '"VALID"');

const forwarding = (text: string): string => timeless(text).replace(/"state":\s*"(?:stale)?"/g, '"state":""');

/** Comments (with dates), counters of chains and of rules. One pass: rulesets of 10 MB are met. */
const xtables = (text: string): string =>
  text.replace(/^(?:#.*\n?|(:\S+ \S+) \[\d+:\d+\]|\[\d+:\d+\] )/gm, (_, chain: string | undefined) => chain ?? '');

const ipset = (text: string): string =>
  text
    .split('\n')
    .map((line) => (line.startsWith('add ') ? line.replace(/ (?:timeout|packets|bytes) \d+/g, '') : line))
    .sort()
    .join('\n');

/**
 * Counters, what a quota has used, how long an element still lives. Elements come in the order of the kernel's hash table,
 * which moves when the table grows: they stand in order here.
 */
const NFT_MOVING = /"(?:counter|counters|last)":\{[^{}]*\}|,?"(?:consumed|expiration)":\d+/g;
function nftables(text: string): string {
  const lines = text.replace(NFT_MOVING, '').split('\n');
  for (let from = 0; from < lines.length; from++) {
    if (!lines[from]?.startsWith('{"elem"')) continue;
    let to = from + 1;
    while (lines[to]?.startsWith('{"elem"')) to++;
    const sorted = lines.slice(from, to).sort();
    for (const [i, line] of sorted.entries()) lines[from + i] = line;
    from = to;
  }
  return lines.join('\n');
}

/** Keeps addresses, state, owner and what sock_diag says of v6only, device and a listener's limit. */
function sockets(text: string): string {
  let heading = '';
  const lines = text.split('\n').map((line) => {
    if (line.startsWith('# ')) heading = line.slice(2);
    const [kernel = '', extra = ''] = line.split(' # ');
    const fields = kernel.trim().split(/\s+/);
    if (fields.length < 8) return line;
    const kept = heading.startsWith('tcp') ? extra.replace(/ rqueue=\d+/, '') : extra.replace(/ rqueue=.*/, '');
    return `${heading} ${fields.slice(1, 4).join(' ')} uid=${fields[7]} ${kept}`;
  });
  return lines.sort().join('\n');
}

const conntrack = (text: string): string =>
  sortLines(text.replace(/^(\S+\s+\d+\s+\S+\s+\d+) \d+/gm, '$1').replace(/ use=\d+/g, ''));

/** Of the fill only whether the table is nearly full; the number moves with every connection. */
function conntrackTable(text: string): string {
  const number = (name: string): number => Number(new RegExp(`^${name} = (\\d+)`, 'm').exec(text)?.[1] ?? Number.NaN);
  const [count, max] = [number('count'), number('max')];
  return `max = ${max}\nnearly full = ${count >= max * 0.95}\n`;
}

const same = (text: string): string => text;

const CANONICAL: Readonly<Record<SectionKind, (text: string) => string>> = {
  'ip-link': timeless,
  'ip-address': timeless,
  'ip-route': timeless,
  'ip-route6': timeless,
  'ip-rule': same,
  'ip-rule6': same,
  'ip-neigh': neighbours,
  'bridge-fdb': forwarding,
  'netns-ids': same,
  'iptables-save': xtables,
  'iptables-nft-save': xtables,
  'ip6tables-save': xtables,
  'ip6tables-nft-save': xtables,
  'ipset-save': ipset,
  nftables,
  'netfilter-hooks': same,
  sockets,
  sysctl: same,
  conntrack,
  'conntrack-table': conntrackTable,
  'attached-programs': same,
};

export const canonicalText = (kind: SectionKind, text: string): string => CANONICAL[kind](text);

/** What a section's digest is the SHA-256 of, in UTF-8. The kind is part of it: an empty ipset dump and an empty ruleset are two sections. */
export const digestInput = (kind: SectionKind, text: string): string => `${kind}\n${canonicalText(kind, text)}`;
