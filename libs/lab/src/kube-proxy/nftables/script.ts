/** A script for `nft -f` that makes the table anew: what is declared first stands first, elements are added last. */
import type { Family } from '@netverdict/linux-net';

export class Script {
  /** `ip` or `ip6`: the table's family and the word for its addresses in rules. */
  readonly ip: string;
  readonly addressType: string;
  readonly #table: string;
  readonly #declared: string[] = [];
  readonly #chains: string[] = [];
  readonly #rules: string[] = [];
  readonly #elements = new Map<string, string[]>();

  constructor(family: Family) {
    this.ip = family === 'ipv4' ? 'ip' : 'ip6';
    this.addressType = family === 'ipv4' ? 'ipv4_addr' : 'ipv6_addr';
    this.#table = `${this.ip} kube-proxy`;
  }

  set(kind: 'set' | 'map', name: string, spec: string): void {
    this.#declared.push(`add ${kind} ${this.#table} ${name} { ${spec} ; }`);
  }

  chain(name: string, spec?: string): void {
    this.#chains.push(`add chain ${this.#table} ${name}${spec === undefined ? '' : ` { ${spec} ; }`}`);
  }

  rule(chain: string, text: string): void {
    this.#rules.push(`add rule ${this.#table} ${chain} ${text}`);
  }

  element(set: string, text: string): void {
    const list = this.#elements.get(set);
    if (list) list.push(text);
    else this.#elements.set(set, [text]);
  }

  lines(): string[] {
    const table = `add table ${this.#table} { comment "rules for kube-proxy" ; }`;
    const elements = [...this.#elements].flatMap(([set, list]) =>
      list.map((text) => `add element ${this.#table} ${set} { ${text} }`),
    );
    return [table, ...this.#declared, ...this.#chains, ...this.#rules, ...elements];
  }
}
