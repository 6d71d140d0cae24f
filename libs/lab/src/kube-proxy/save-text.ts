/** Comparing what iptables-save prints, for tests: tables as sets of rules, hashed chain names told by what is in them. */

export interface SavedTable {
  readonly name: string;
  /** Chain to its rules, without `-A CHAIN `; in order. */
  readonly chains: ReadonlyMap<string, readonly string[]>;
}

export function parseSave(text: string): readonly SavedTable[] {
  const tables: { name: string; chains: Map<string, string[]> }[] = [];
  for (const line of text.split('\n')) {
    const chains = tables.at(-1)?.chains;
    const chain = /^:(\S+)/.exec(line)?.[1];
    const rule = /^-A (\S+) ?(.*)$/.exec(line);
    if (line.startsWith('*')) tables.push({ name: line.slice(1), chains: new Map() });
    else if (chain !== undefined) chains?.set(chain, []);
    else if (rule !== null) chains?.get(rule[1] ?? '')?.push(rule[2] ?? '');
    else if (line !== '' && line !== 'COMMIT' && !line.startsWith('#')) throw new Error(`not iptables-save: ${line}`);
  }
  return tables;
}

const HASHED = /KUBE-(?:SVC|SVL|SEP|EXT|FW)-[A-Z2-7]{16}/g;

/**
 * Lines `table chain rule`, sorted. A hashed name is replaced by its kind and the rules below it, so that two rulesets that
 * differ in nothing but the hashes and the order between chains are equal. Order within a chain that matters is kept:
 * rules of KUBE-SVC-* and KUBE-SVL-* chains are joined in order.
 */
export function normalise(tables: readonly SavedTable[]): readonly string[] {
  return tables.flatMap((table) => {
    const contents = new Map<string, string>();
    const contentOf = (chain: string): string => {
      const known = contents.get(chain);
      if (known !== undefined) return known;
      const kind = chain.slice(0, chain.lastIndexOf('-'));
      contents.set(chain, kind); // while it is being made: a rule that names its own chain (recent --name)
      const content = `${kind}{${(table.chains.get(chain) ?? []).map(replace).join('; ')}}`;
      contents.set(chain, content);
      return content;
    };
    const replace = (rule: string): string => rule.replace(HASHED, (name) => contentOf(name));
    return [...table.chains]
      .flatMap(([chain, rules]) => {
        const name = chain.replace(HASHED, contentOf);
        return [`${table.name} ${name}`, ...rules.map((rule) => `${table.name} ${name} ${replace(rule)}`)];
      })
      .sort();
  });
}
