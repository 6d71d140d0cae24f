/** What people pasted: a complete dump is read as the kernel reads it, a broken one is an error with its line. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nftKernel } from '../../testing/nft-kernel.ts';
import { type Dump, dumpsOf, readDump } from '../../testing/real-dumps.ts';
import { parseNftText } from './ruleset.ts';

const dumps = dumpsOf('nft');
const read = readDump;
/** A typographic quote opens nothing: the straight one at the other end then has no end. */
const isTypographic = (dump: Dump): boolean => dump.complete && read(dump).includes('“');
const complete = dumps.filter((d) => d.complete && !isTypographic(d));
const broken = dumps.filter((d) => !d.complete || isTypographic(d));
/** Tables that iptables-nft owns are not in the section of nftables. */
const isIptables = (table: string): boolean => /^ip6? (?:raw|mangle|nat|filter|security)$/.test(table);

interface Counted<S> {
  readonly family: string;
  readonly name: string;
  readonly chains: readonly { readonly name: string; readonly rules: readonly unknown[] }[];
  readonly sets: readonly S[];
}
/** Two tables of one name, from two dumps in one text, are one to the kernel. */
function counted<S extends { readonly name: string }>(
  tables: readonly Counted<S>[],
  elements: (set: S) => number,
): Readonly<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const table of tables) {
    const name = `${table.family} ${table.name}`;
    if (isIptables(name)) continue;
    found[name] = 0;
    for (const chain of table.chains) {
      const key = `${name} chain ${chain.name}`;
      found[key] = (found[key] ?? 0) + chain.rules.length;
    }
    for (const set of table.sets) found[`${name} set ${set.name}`] = elements(set);
  }
  return found;
}

let kernel: ReturnType<typeof nftKernel>;
beforeAll(() => {
  kernel = nftKernel('nv-nft-dumps');
});
afterAll(() => kernel.close());

const withoutSpace = (text: string): string => text.replace(/[\s;\\]/g, '');

describe.skipIf(dumps.length === 0)('dumps of nft', () => {
  it.each(complete)('$file is read with no line lost', (dump) => {
    const source = read(dump);
    const parsed = parseNftText(source);
    if (!parsed.ok) throw new Error(`line ${parsed.error.line}: ${parsed.error.message}: ${parsed.error.text}`);
    const said = parsed.value
      .flatMap((t) => t.chains.flatMap((c) => c.rules.map((r) => withoutSpace(r.text))))
      .join('');
    for (const verdict of source.matchAll(/^\s+[^#\n"]*\b(accept|drop|masquerade|reject)\s*;?\s*$/gm)) {
      const text = withoutSpace(verdict[0]);
      if (!/policy/.test(text)) expect(said).toContain(text);
    }
  });

  it.each(complete.filter((d) => d.loads === 'loads'))('$file has what the kernel then holds', async (dump) => {
    const source = read(dump);
    const parsed = parseNftText(source);
    try {
      kernel.load(source);
    } catch (error) {
      console.warn(`not loaded here: ${dump.file}: ${String(error).split('\n')[1] ?? ''}`);
      return;
    }
    const { tables } = await kernel.read();
    const ours = counted(parsed.ok ? parsed.value : [], (set) => set.elements.length);
    const theirs = counted(
      tables.map((t) => ({ ...t, sets: t.sets.filter((s) => !s.anonymous) })),
      (set) => set.elements.filter((e) => !e.intervalEnd).length,
    );
    expect(ours).toEqual(theirs);
  });

  it.each(broken)('$file is broken, and said to be with its line', (dump) => {
    const parsed = parseNftText(read(dump));
    expect(parsed.ok ? 'read' : parsed.error.line).toBeGreaterThan(0);
  });
});
