/** A table being written: chains and rules in iptables-save's own form, so that what is loaded is what is printed. */

export interface RuleSpec {
  /** Address or prefix; a leading `!` negates. */
  readonly source?: string;
  readonly destination?: string;
  readonly inInterface?: string;
  readonly protocol?: string;
  /** Already in order and form: `-m comment --comment "…"`. */
  readonly matches?: readonly string[];
  /** `KUBE-MARK-MASQ`, `DNAT --to-destination …`; absent: the rule only counts. */
  readonly target?: string;
}

export class Table {
  readonly #name: string;
  readonly #base: readonly string[];
  readonly #chains = new Map<string, string[]>();

  constructor(name: string, base: readonly string[]) {
    this.#name = name;
    this.#base = base;
    for (const chain of base) this.#chains.set(chain, []);
  }

  chain(name: string): void {
    if (!this.#chains.has(name)) this.#chains.set(name, []);
  }

  /** Appends; the chain comes into being with its first rule. */
  rule(chain: string, spec: RuleSpec): void {
    this.chain(chain);
    const words = [`-A ${chain}`, address('-s', spec.source), address('-d', spec.destination)];
    words.push(negatable('-i', spec.inInterface), negatable('-p', spec.protocol), ...(spec.matches ?? []));
    if (spec.target !== undefined) words.push(`-j ${spec.target}`);
    this.#chains.get(chain)?.push(words.filter((word) => word !== '').join(' '));
  }

  /** Base chains first, then the others by name, as iptables-save sorts them. */
  lines(): string[] {
    const own = [...this.#chains.keys()].filter((chain) => !this.#base.includes(chain)).sort();
    const names = [...this.#base, ...own];
    return [
      `*${this.#name}`,
      ...names.map((chain) => `:${chain} ${this.#base.includes(chain) ? 'ACCEPT' : '-'} [0:0]`),
      ...names.flatMap((chain) => this.#chains.get(chain) ?? []),
      'COMMIT',
    ];
  }
}

function negatable(option: string, value: string | undefined): string {
  if (value === undefined || value === '') return '';
  return value.startsWith('!') ? `! ${option} ${value.slice(1)}` : `${option} ${value}`;
}

/** Host addresses get their length; a prefix of length 0 is everything and is not printed. */
function address(option: string, value: string | undefined): string {
  if (value === undefined || /^[^!].*\/0$/.test(value)) return '';
  const full = value.includes('/') ? value : `${value}/${value.includes(':') ? 128 : 32}`;
  return negatable(option, full);
}

export const comment = (text: string): string => `-m comment --comment "${text}"`;
/** `-m tcp --dport 80` */
export const dport = (protocol: string, port: number): string => `-m ${protocol} --dport ${port}`;

/**
 * 1/n as the kernel keeps it: kube-proxy writes ten decimals, xt_statistic a 31-bit fraction, iptables-save prints
 * that back with eleven. A third is 0.33333333349.
 */
export function probability(n: number): string {
  const kernel = Math.round(Number((1 / n).toFixed(10)) * 0x80000000);
  return `-m statistic --mode random --probability ${(kernel / 0x80000000).toFixed(11)}`;
}
